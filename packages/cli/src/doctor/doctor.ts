/**
 * What `kt doctor` does: checks whether runs of these pipelines can work in a cluster or with a store, and
 * says what to do.
 */
import type { ClusterSettings, KubeApi } from '@kube-transform/runtime/kubernetes';
import type { ClaimConfig } from '@kube-transform/sdk';
import { openCluster, withContext } from '../cluster/connect.js';
import { settingsOf } from '../cluster/run-settings.js';
import { type ClusterOptions, isFolder } from '../project/resolve-context.js';
import { refuseReadOnly } from '../project/run-store.js';
import { type Bundle, emptyBundle } from '../bundle/make-bundle.js';
import { configMaps } from '../delivery/config-maps.js';
import { planDeploy } from '../deploy/plan.js';
import { loadPipelines } from '../pipeline/load-pipeline.js';
import { coloured, type Output, plural, printText, table } from '../terminal/output.js';
import { claimFindings } from '../checks/claim-checks.js';
import {
  apiFindings,
  namespaceFindings,
  queueFindings,
  quotaAndLimitFindings,
  roomFindings,
} from '../checks/cluster-checks.js';
import { type Finding, looked, skipped } from '../checks/finding.js';
import { demandsOf } from '../checks/plan-checks.js';
import { probeFindings } from './probe.js';
import { controllerRights, fileRights, myRights } from '../checks/rights.js';
import { storeFindings, storeFromHere } from '../checks/store-checks.js';
import { pullSecretFindings, type PlannedStep, stepFindings, stepsOf } from '../checks/step-checks.js';

/** How to check. */
export interface DoctorOptions extends ClusterOptions {
  /** Look at a cluster; else at the store only, from this machine. */
  cluster: boolean;
  /** Start a pod that tries the image, the store and the clock. */
  pod: boolean;
  json: boolean;
}

/** Checks, and prints what was found; false where something will keep runs from working. */
export async function doctor(
  names: readonly string[],
  { cluster, pod, json, ...typed }: DoctorOptions,
  { output, signal }: { output: Output; signal: AbortSignal },
): Promise<boolean> {
  const findings = cluster
    ? await ofCluster(names, { ...typed, pod }, { signal, note: text => output.err(text) })
    : await storeFindings(await storeHere(typed), signal);
  const problems = findings.filter(({ outcome }) => outcome === 'problem');
  if (json) printText(output, JSON.stringify(findings, null, 2));
  else printFindings(findings, problems.length, output);
  return problems.length === 0;
}

/** The URL of the store that this machine opens: that of a context that is named, else as for `kt run`. */
async function storeHere(typed: ClusterOptions): Promise<string> {
  const ofContext = typed.context === undefined ? undefined : (await withContext(typed)).store;
  const store = typed.store ?? ofContext ?? (process.env['KT_STORE'] || process.env['DATA_DIR'] || 'file:.');
  refuseReadOnly(store);
  return store;
}

async function ofCluster(
  names: readonly string[],
  { pod, ...typed }: ClusterOptions & { pod: boolean },
  { signal, note }: { signal: AbortSignal; note: (text: string) => void },
): Promise<Finding[]> {
  const context = await withContext(typed);
  const api = await openCluster(context, note);
  try {
    const settings = settingsOf(context, api.namespace);
    const planned = await plan(names, context, settings);
    const { claim, platform } = context;
    return await checkAll(api, { settings, ...planned, claim, platform, pod, signal });
  } finally {
    api.close();
  }
}

/**
 * The steps of the pipelines that would be deployed, none where there are none and none was named; and which
 * of their bundles have packages outside.
 */
async function plan(
  names: readonly string[],
  context: ClusterOptions,
  settings: ClusterSettings,
): Promise<Pick<Subject, 'steps' | 'bundles'>> {
  const pipelines = await loadPipelines(names);
  if (pipelines.length === 0) return { steps: [], bundles: [] };
  const { versions } = await planDeploy(pipelines, { context, settings, delivery: configMaps(context) });
  const bundles = pipelines.flatMap(({ bundle }) => (bundle === null ? [] : [bundle]));
  const unlike = new Map(bundles.map(bundle => [bundle.digest, bundle]));
  return {
    steps: stepsOf(versions),
    bundles: [...unlike.values()].filter(({ outside }) => outside.length > 0),
  };
}

interface Subject {
  settings: ClusterSettings;
  steps: readonly PlannedStep[];
  /** Those with packages that a pod has to load. */
  bundles: readonly Bundle[];
  platform: ClusterOptions['platform'];
  /** What `kt deploy` makes. */
  claim: ClaimConfig | undefined;
  pod: boolean;
  signal: AbortSignal;
}

/** Without these no pod starts: there is no use in trying. */
const NEEDED = new Set(['service account', 'volume']);

async function checkAll(api: KubeApi, subject: Subject): Promise<Finding[]> {
  const { settings, steps, claim, pod, signal } = subject;
  const reached = await apiFindings(api);
  if (reached.some(({ outcome }) => outcome === 'problem')) return reached;
  const namespace = await namespaceFindings(api);
  if (namespace.some(({ outcome }) => outcome === 'problem')) return [...reached, ...namespace];
  const demands = demandsOf(steps);
  const found = await Promise.all([
    myRights(api),
    ...(settings.volume === null ? [] : [looked('file rights', () => fileRights(api))]),
    looked('controller rights', () => controllerRights(api, settings.serviceAccount)),
    looked('pull secrets', () => pullSecretFindings(api, { settings, steps })),
    looked('volume', () => claimFindings(api, settings, claim)),
    quotaAndLimitFindings(api, demands),
    roomFindings(api, demands),
    stepFindings(api, { settings, steps }),
    queueFindings(api, { settings, jobs: steps.map(({ job }) => job) }),
    ...(isFolder(settings.store) ? [] : [storeFromHere(settings.store, signal)]),
  ]);
  const findings = [...reached, ...namespace, ...found.flat()];
  if (!pod) return [...findings, skipped('pod', 'No pod was started (--no-pod).')];
  const missing = findings.find(
    ({ check, outcome }) =>
      NEEDED.has(check) &&
      (outcome === 'problem' || (claim !== undefined && check === 'volume' && outcome !== 'ok')),
  );
  if (missing !== undefined)
    return [...findings, skipped('pod', `Without its ${missing.check} no pod starts.`)];
  return [...findings, ...(await probed(api, subject))];
}

/** What pods find: all of the run's image, and of images of steps whether they are there and have Node. */
async function probed(
  api: KubeApi,
  { settings, steps, bundles, platform, signal }: Omit<Subject, 'pod' | 'claim'>,
): Promise<Finding[]> {
  const others = new Set(steps.flatMap(({ job }) => job.kubernetes.image ?? settings.defaults.image ?? []));
  others.delete(settings.image);
  const [first = await emptyBundle(), ...more] = bundles;
  const probe = (bundle: Bundle, of: ClusterSettings): Promise<Finding[]> =>
    looked('pod', () => probeFindings(api, { settings: of, bundle, platform }, signal));
  const [own, ...rest] = await Promise.all([
    probe(first, settings),
    ...more.map(bundle => probe(bundle, settings)),
    ...[...others].map(image => probe(first, { ...settings, image, imagePullPolicy: null })),
  ]);
  const told = new Set(['image', 'packages']);
  const further = rest.flat().filter(({ check, outcome }) => outcome === 'problem' || told.has(check));
  const all = [...own, ...further];
  return all.filter(({ message }, at) => all.findIndex(other => other.message === message) === at);
}

const FINDING_COLOUR = { ok: 'Completed', problem: 'Failed', skipped: 'Pending' } as const;

function printFindings(findings: readonly Finding[], problems: number, output: Output): void {
  printText(
    output,
    table(
      findings.map(({ outcome, check, message }) => [
        coloured(FINDING_COLOUR[outcome], outcome),
        check,
        message,
      ]),
    ),
  );
  for (const { outcome, check, remedy } of findings)
    if (outcome === 'problem') output.out(`  ${check}: ${remedy ?? ''}`);
  output.out(
    problems === 0
      ? coloured('Completed', 'Runs can work here.')
      : coloured('Failed', `${plural(problems, 'problem')}.`),
  );
}
