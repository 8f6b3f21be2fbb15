/** What to change where a pod does not start, from Kubernetes' words. Pure. */
import type { Pod } from '../api/objects.js';
import { GATE, LABEL } from '../manifests/names.js';

/** Where the image of a pod is named: of a container step in the step alone. */
const imageIn = ({ metadata }: Pod): string =>
  metadata.labels?.[LABEL.container] === 'true'
    ? '"image" of the step'
    : 'kubernetes.image of the step, --image of the run';

/** For an image whose name is none. */
export const imageNameRemedy = (pod: Pod): string => `Correct the name of the image: ${imageIn(pod)}.`;

/** For an image that is not on the node, where it may not be fetched. */
export const neverPulledRemedy = ({ metadata }: Pod): string =>
  `Load the image onto the nodes, or let it be fetched: kubernetes.imagePullPolicy "IfNotPresent" of the step${
    metadata.labels?.[LABEL.container] === 'true' ? '' : ', --image-pull-policy IfNotPresent of the run'
  }.`;

/** For an image that cannot be fetched. */
export function imageRemedy(pod: Pod, words: string): string {
  if (/not ?found|manifest unknown|does not exist/i.test(words)) {
    return `Correct the name or tag of the image (${imageIn(pod)}), or push it.`;
  }
  if (/unauthori[sz]ed|denied|forbidden|403|401|authentication/i.test(words)) {
    return 'The registry wants credentials: make a Secret with `kubectl create secret docker-registry`, and add it to imagePullSecrets of the service account. Is the name of the image right?';
  }
  return 'Can the nodes reach the registry? Kubernetes tries again by itself, with growing pauses.';
}

/** For a container that cannot be made. */
export function containerRemedy(words: string): string {
  const key = /couldn't find key (\S+) in (ConfigMap|Secret) \S*?([^/\s]+)$/i.exec(words);
  if (key !== null)
    return `Add the key ${key[1] ?? ''} to the ${key[2] ?? ''} "${key[3] ?? ''}", or take it out of the step's env (kubernetes.podPatch).`;
  if (/non-?root/i.test(words)) {
    return 'Use an image that runs as a numeric user other than 0, or give one in kubernetes.podPatch: {"securityContext": {"runAsUser": 65532}}.';
  }
  return objectRemedy(words) ?? 'See `kubectl describe pod` of one of its pods.';
}

/** For a node that cannot prepare a pod. */
export function mountRemedy(reason: string, words: string): string {
  if (/hostPath type check failed/.test(words))
    return 'That path must exist on every node on which pods may run; or use a claim: --volume pvc:NAME.';
  if (/sandbox|network/i.test(reason))
    return 'The network or container runtime of the node is not well: see `kubectl describe node`.';
  return (
    objectRemedy(words) ?? 'Check the volume that is named there: does it exist, and may this node mount it?'
  );
}

const MISSING = /(configmap|secret|persistentvolumeclaim) "([^"]+)" not found/i;
const NAMES: Record<string, string> = {
  configmap: 'ConfigMap',
  secret: 'Secret',
  persistentvolumeclaim: 'PersistentVolumeClaim',
};

/** For an object that a pod names, and that its node does not see; undefined: the words are of none. */
function objectRemedy(words: string): string | undefined {
  // It waits a second for the API server to tell it of one.
  if (/failed to sync (secret|configmap) cache/.test(words))
    return 'Its node has not been told of it by the API server yet, and tries again by itself. Is the node busy? See `kubectl describe node`.';
  const [, kind = '', name] = MISSING.exec(words) ?? [];
  return name === undefined
    ? undefined
    : `Make the ${NAMES[kind.toLowerCase()] ?? kind} "${name}" in the namespace of the run, or take it out of the step's kubernetes.envFrom and volumes.`;
}

/** For a pod that waits at a gate. */
export const gateRemedy = ({ spec }: Pod): string =>
  spec?.schedulingGates?.some(({ name }) => name === GATE) === true
    ? `The controller of the run takes the gate ${GATE} away when it has told the pod what it runs. Its log says what keeps it from that; it needs the verb patch on pods: kt rbac prints a Role with it.`
    : 'It goes on when whoever set the scheduling gates of its pods takes them away.';

/** For a pod that no node takes: a sentence for each thing that is in the way. */
export function scheduleRemedy(pod: Pod, words: string): string {
  const remedies: string[] = [];
  const short = [...new Set([...words.matchAll(/Insufficient ([\w./-]+)/g)].map(match => match[1] ?? ''))];
  if (short.length > 0)
    remedies.push(
      `Ask for less ${short.map(name => asked(pod, name)).join(' and ')} in the step, or give the cluster a larger node.`,
    );
  if (/node affinity|node selector|didn't match Pod's node/.test(words)) {
    const selector = pod.spec?.nodeSelector;
    const labels = selector === undefined ? '' : ` ${JSON.stringify(selector)}`;
    remedies.push(
      `Change the step's kubernetes.nodeSelector or affinity${labels}, or label a node so that it fits.`,
    );
  }
  if (/untolerated taint/.test(words))
    remedies.push("Add what is named there to the step's kubernetes.tolerations.");
  const claim = /persistentvolumeclaim "([^"]+)" not found/.exec(words)?.[1];
  if (claim !== undefined)
    remedies.push(
      `Make the PersistentVolumeClaim "${claim}" in the namespace of the run, or name another with --volume pvc:NAME.`,
    );
  else if (
    /unbound immediate PersistentVolumeClaims|volume node affinity|didn't find available persistent volumes/.test(
      words,
    )
  ) {
    remedies.push('No volume fits the claim: see `kubectl describe pvc` for its storage class.');
  }
  if (/Too many pods/.test(words))
    remedies.push("The nodes are full of pods: raise the step's itemsPerPod, or lower its parallelism.");
  if (/were unschedulable/.test(words)) remedies.push('Nodes are cordoned: see `kubectl get nodes`.');
  if (/no nodes available|^0\/0 nodes/.test(words))
    remedies.push('The cluster has no node that is ready: see `kubectl get nodes`.');
  if (/free ports/.test(words)) remedies.push("Take hostPort out of the step's kubernetes.podPatch.");
  return remedies.length > 0
    ? remedies.join(' ')
    : "See the step's cpu, memory and kubernetes options, and `kubectl describe nodes`.";
}

/** `cpu (1000 a pod)`. */
function asked(pod: Pod, resource: string): string {
  const amounts = (pod.spec?.containers ?? [])
    .map(({ resources }) => resources?.requests?.[resource])
    .filter(amount => amount !== undefined);
  return amounts.length === 0 ? resource : `${resource} (now ${amounts.join(' + ')} a pod)`;
}
