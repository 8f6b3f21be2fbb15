/** Why the cluster does not let something be made, in its own words, and what to change. Pure. */
import { type FailureCause, parseQuantity } from '@kube-transform/sdk';
import { isKubeError, isMissingRight, type KubeError } from '../api/kube-error.js';

/**
 * How long it is worth waiting for something to pass: `none`: it cannot; `fatal`: somebody may be about to
 * mend it; `grace`: it may pass by itself; `long`: it passes when others are done; `endless`: somebody wants
 * it so.
 */
export type WaitLimit = 'none' | 'fatal' | 'grace' | 'long' | 'endless';

/** Why something does not start. */
export interface PendingReason {
  /** One word: Kubernetes' own where it has one. */
  reason: string;
  /** Kubernetes' words, without a full stop at the end. */
  message: string;
  /** What to change, as sentences. */
  remedy: string;
  waitLimit: WaitLimit;
  /** Pods that their node has left behind: they never start, others in their place would. */
  leftBehind?: string[];
}

interface Rule {
  says: RegExp;
  reason: string;
  waitLimit: WaitLimit;
  remedy: (said: string) => string;
}

const MEMORY_LIMIT = 'The memory limit of a pod is its "memory" × 1.1; there is no limit on CPU.';

const RULES: readonly Rule[] = [
  { says: /exceeded quota/, reason: 'QuotaExceeded', waitLimit: 'long', remedy: quotaRemedy },
  {
    says: /status unknown for quota/,
    reason: 'QuotaExceeded',
    waitLimit: 'long',
    remedy: () =>
      'The quota is new, or the controller that counts it is down: `kubectl describe quota` shows whether it is being counted.',
  },
  {
    says: /failed quota: .*must specify/,
    reason: 'QuotaWantsLimits',
    waitLimit: 'fatal',
    remedy: said =>
      `Set ${/must specify ([^\s]+)/.exec(said)?.[1] ?? 'them'} with the step's kubernetes.podPatch, or give the namespace a LimitRange with defaults. ${MEMORY_LIMIT}`,
  },
  {
    says: /violates PodSecurity/,
    reason: 'PodSecurity',
    waitLimit: 'fatal',
    remedy: () =>
      'Take what is named there out of the step (kubernetes.podPatch, volumes) or of the run: a host: volume needs level "privileged", a pvc: volume does not. Or change the label pod-security.kubernetes.io/enforce of the namespace.',
  },
  {
    says: /service ?account .*not found/,
    reason: 'ServiceAccountMissing',
    waitLimit: 'fatal',
    remedy: said => {
      const name = /serviceaccount "([^"]+)"/.exec(said)?.[1] ?? 'NAME';
      return `Make it with \`kubectl create serviceaccount ${name}\` in the namespace of the run, or name another: kubernetes.serviceAccountName of the step, --service-account of the run.`;
    },
  },
  {
    says: /no PriorityClass/,
    reason: 'PriorityClassMissing',
    waitLimit: 'fatal',
    remedy: () =>
      "Correct the step's kubernetes.priorityClassName; `kubectl get priorityclasses` lists those that there are.",
  },
  {
    says: /RuntimeClass/,
    reason: 'RuntimeClassMissing',
    waitLimit: 'fatal',
    remedy: () =>
      "Correct the runtimeClassName in the step's kubernetes.podPatch; `kubectl get runtimeclasses` lists those that there are.",
  },
  {
    says: /(maximum|minimum) \S+ usage per (Container|Pod|PersistentVolumeClaim)|max limit to request ratio/,
    reason: 'LimitRange',
    waitLimit: 'fatal',
    remedy: said =>
      `Ask for ${said.includes('minimum') ? 'more' : 'less'} "${/usage per|ratio/.test(said) && said.includes('cpu') ? 'cpu' : 'memory'}" in the step, or change the LimitRange of the namespace. ${MEMORY_LIMIT}`,
  },
  {
    says: /failed calling webhook/,
    reason: 'WebhookUnreachable',
    waitLimit: 'grace',
    remedy: () =>
      'An admission webhook of the cluster does not answer: its Service and pods need mending by whoever looks after the cluster.',
  },
  {
    says: /denied (the )?request/,
    reason: 'PolicyDenied',
    waitLimit: 'fatal',
    remedy: () =>
      "A policy of the cluster refuses such pods: change what it names (the step's kubernetes options), or ask whoever looks after the cluster.",
  },
  {
    says: /namespace .* because it is being terminated/,
    reason: 'NamespaceEnds',
    waitLimit: 'fatal',
    remedy: () => 'The namespace is being deleted: submit the run to another one.',
  },
  {
    says: /is forbidden|is invalid/,
    reason: 'Forbidden',
    waitLimit: 'fatal',
    remedy: () =>
      "Change what is named there in the step's kubernetes options, or in the rules of the namespace.",
  },
];

/** Why something was not made, from the words of an event or of an answer. */
export function rejectionOf(text: string): PendingReason {
  const message = plainWords(text);
  const rule = RULES.find(({ says }) => says.test(text));
  if (rule === undefined) {
    return {
      reason: 'FailedCreate',
      message,
      remedy: 'Kubernetes tries again by itself; `kubectl get events` shows more.',
      waitLimit: 'grace',
    };
  }
  const never = rule.reason === 'QuotaExceeded' && tooLargeForQuota(text).length > 0;
  return {
    reason: rule.reason,
    message,
    remedy: rule.remedy(text),
    waitLimit: never ? 'fatal' : rule.waitLimit,
  };
}

/** A right that is missing: it may come back, where somebody is replacing the role. */
export function missingRight({ code, problems }: KubeError): PendingReason {
  const [problem] = problems;
  const message = (problem?.message ?? 'a right is missing').replace(/[.\s]+$/, '');
  return { reason: code, message, remedy: problem?.hint ?? '', waitLimit: 'grace' };
}

/** Why a Job was not made, where waiting cannot help. */
export function rejectedJob(job: string, { status, code, message, problems }: KubeError): FailureCause {
  // Whose right is missing, and which, says the error itself.
  if (code === 'CLUSTER_FORBIDDEN' || status === 404) return { kind: 'NotStarted', reason: code, message };
  const words = problems.map(problem => problem.message.replace(/[.\s]+$/, '')).join('; ');
  if (status === 422) {
    const remedy = "Change what is named there in the step's cpu, memory, labels or kubernetes options.";
    return {
      kind: 'NotStarted',
      reason: 'Invalid',
      message: `The Job of step "${job}" was refused. ${words}. ${remedy}`,
    };
  }
  const { reason, remedy } = rejectionOf(words);
  return { kind: 'NotStarted', reason, message: `The Job of step "${job}" was refused. ${words}. ${remedy}` };
}

/** Without the names of pods that were never made: each attempt has another one. */
function plainWords(text: string): string {
  return text
    .replace(/^Error creating: /, '')
    .replace(/^\S+ "[^"]*" is (forbidden|invalid): /, '')
    .replace(/[.\s]+$/, '');
}

function quotaRemedy(said: string): string {
  const [first] = tooLargeForQuota(said);
  const asked = askedOfQuota(said);
  const names = Object.keys(asked.requested);
  const what = names.some(name => name.includes('memory'))
    ? ' Ask for less "memory" in the step, or have the quota raised.'
    : ' Have the quota raised.';
  if (first !== undefined) {
    return `One pod alone asks for more ${first} than the whole quota has (${asked.requested[first] ?? ''} of ${asked.limited[first] ?? ''}).${what}`;
  }
  const others = names.some(name => name.startsWith('count/'))
    ? 'It goes on when other Jobs of the namespace are gone; `kt gc` deletes what runs have left.'
    : "It goes on when other pods of the namespace end. The step's parallelism says how many it has at once.";
  return `${others}${what}`;
}

interface QuotaWords {
  requested: Record<string, string>;
  limited: Record<string, string>;
}

function askedOfQuota(said: string): QuotaWords {
  const read = (word: string): Record<string, string> => {
    const list = new RegExp(`${word}: (\\S+)`).exec(said)?.[1] ?? '';
    return Object.fromEntries(
      list
        .replace(/[,.]$/, '')
        .split(',')
        .map(pair => pair.split('=') as [string, string]),
    );
  };
  return { requested: read('requested'), limited: read('limited') };
}

/** Resources of which one object asks for more than the quota has in all: waiting cannot help. */
function tooLargeForQuota(said: string): string[] {
  const { requested, limited } = askedOfQuota(said);
  const amount = (text: string | undefined): number => parseQuantity(text ?? '') ?? 0;
  return Object.keys(requested).filter(
    name => name in limited && amount(requested[name]) > amount(limited[name]),
  );
}

/** Why a Job is not made now that may be later: a quota, a right that is missing. @throws anything else. */
export function refusalOf(error: unknown): PendingReason {
  if (isMissingRight(error)) return missingRight(error);
  const said = isKubeError(error, 403)
    ? /(exceeded|status unknown for) quota: .*/s.exec(error.problems[0]?.message ?? '')?.[0]
    : undefined;
  if (said === undefined) throw error;
  return rejectionOf(said);
}
