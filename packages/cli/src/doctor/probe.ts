/**
 * Starts a pod that tries what runs need: that it is admitted, its image comes, it starts and reaches the
 * store.
 */
import { systemClock } from '@kube-transform/runtime/internal';
import {
  selectPodsOf,
  diagnose,
  InquiryOfJob,
  type ClusterSettings,
  type Job,
  type KubeApi,
  paths,
  type Pod,
  PROBE_REPORT,
  probeJob,
  type ProbeReport,
} from '@kube-transform/runtime/kubernetes';
import { admission } from '../checks/admission.js';
import { configMaps } from '../delivery/config-maps.js';
import type { Bundle } from '../bundle/make-bundle.js';
import type { ClusterOptions } from '../project/resolve-context.js';
import { type Finding, fine, problem } from '../checks/finding.js';
import { trialFindings } from '../checks/store-checks.js';

const POD_STARTS_WITHIN_MS = 60_000;
/**
 * What may pass by itself, but seldom does: an image that cannot be pulled, a volume that cannot be mounted.
 */
const LASTING_MS = 5000;
const PROBE_EVERY_MS = 500;
const SKEW_MS = 30_000;
const OLDEST_NODE = [20, 19] as const;

/** What a pod is to try. */
export interface Probe {
  settings: ClusterSettings;
  /** Packages outside it are loaded. It is published, as a submit would. */
  bundle: Bundle;
  platform: ClusterOptions['platform'];
}

/** What a pod finds. Nothing of the pod is left. */
export async function probeFindings(
  api: KubeApi,
  { settings, bundle, platform }: Probe,
  signal: AbortSignal,
): Promise<Finding[]> {
  const { published } = await configMaps({ api, platform }).deliver(bundle, settings);
  const job = probeJob(settings, published, systemClock.randomId(6));
  const refused = await admission(api, job);
  if (refused) return [problem('pod', `A pod of a run is not admitted: ${refused.message}.`, refused.remedy)];
  const made = await api.create<Job>(paths.jobs(api.namespace), job, { signal });
  if (made === null) return [];
  try {
    const started = await untilEnded(api, made, signal);
    if ('finding' in started) return [started.finding];
    return [
      fine('pod', `A pod of the image ${settings.image} is admitted and starts.`),
      ...(await reportFindings(api, started.pod, { settings, signal })),
    ];
  } finally {
    await api
      .delete(paths.jobs(api.namespace, job.metadata.name), { retryForMs: 5000 })
      .catch(() => undefined);
  }
}

/** Waits until the pod has ended, or will not start. */
async function untilEnded(
  api: KubeApi,
  job: Job,
  signal: AbortSignal,
): Promise<{ pod: Pod } | { finding: Finding }> {
  const untilMs = systemClock.elapsedMs() + POD_STARTS_WITHIN_MS;
  let reason: string | undefined;
  let sinceMs = 0;
  for (;;) {
    const labelSelector = selectPodsOf(job.metadata.name);
    const [pod] = (await api.list<Pod>(paths.pods(api.namespace), { labelSelector, signal })).items;
    if (pod?.status?.phase === 'Succeeded' || pod?.status?.phase === 'Failed') return { pod };
    const now = (await api.get<Job>(paths.jobs(api.namespace, job.metadata.name), { signal })) ?? job;
    const waiting = await diagnose(new InquiryOfJob(api, signal), now);
    const nowMs = systemClock.elapsedMs();
    if (waiting?.reason !== reason) [reason, sinceMs] = [waiting?.reason, nowMs];
    const isLasting = waiting !== null && waiting.waitLimit !== 'long' && nowMs - sinceMs >= LASTING_MS;
    if (isLasting || nowMs > untilMs) {
      const { message, remedy } = waiting ?? {
        message: 'it is still running',
        remedy: '`kubectl get pods` and their logs may say more.',
      };
      return { finding: problem('pod', `A pod of a run does not start, because ${message}.`, remedy) };
    }
    await systemClock.sleep(PROBE_EVERY_MS, signal);
  }
}

/** What the pod has printed. */
async function reportFindings(
  api: KubeApi,
  { metadata }: Pod,
  { settings, signal }: { settings: ClusterSettings; signal: AbortSignal },
): Promise<Finding[]> {
  let text = '';
  for await (const chunk of api.stream(paths.podLog(api.namespace, metadata.name), { signal }))
    text += Buffer.from(chunk).toString();
  const report = reportIn(text);
  if (report === undefined) {
    const words = text.trim().slice(-300) || 'nothing';
    return [
      problem(
        'image',
        `The image ${settings.image} does not run the probe; it says: ${words}`,
        'It needs Node 20.19 or newer as `node` on its PATH.',
      ),
    ];
  }
  const { node, nowMs, store, packages } = report;
  const hereMs = systemClock.nowMs();
  const skewMs = nowMs - hereMs;
  return [
    nodeFinding(node, settings.image),
    ...trialFindings(store, { store: settings.store, who: 'Pods' }),
    clockFinding(skewMs),
    ...packageFindings(packages, settings.image),
  ];
}

/** What the pod found, in what it printed; undefined where it has not come so far. */
function reportIn(text: string): ProbeReport | undefined {
  const line = text.split('\n').find(of => of.startsWith('{'));
  try {
    return line === undefined ? undefined : PROBE_REPORT.parse(line, 'log of the probe');
  } catch {
    return undefined;
  }
}

/** Of packages outside the bundle; none where there are none. */
export function packageFindings(packages: ProbeReport['packages'], image: string): Finding[] {
  if (packages.length === 0) return [];
  const broken = packages.flatMap(({ name, problem: words }) =>
    words === null
      ? []
      : [
          problem(
            'packages',
            `The package "${name}" cannot be loaded in a pod of ${image}: ${words}.`,
            'Is it made for the platform of the nodes (platform in kt.config.ts), for the libc of the image and its Node, and has the image the libraries that it needs?',
          ),
        ],
  );
  const names = packages.map(({ name }) => name).join(', ');
  return broken.length > 0 ? broken : [fine('packages', `Pods of ${image} load ${names}.`)];
}

/** @param skewMs how far the pods' clock is ahead of this machine's. */
export function clockFinding(skewMs: number): Finding {
  if (Math.abs(skewMs) < SKEW_MS) return fine('clock', 'The clocks of this machine and the pods agree.');
  return problem(
    'clock',
    `The pods' clock is ${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'ahead of' : 'behind'} this machine's.`,
    'Set the time of the nodes, or of this machine.',
  );
}

/** @param version of Node, as `process.versions.node` says it. */
export function nodeFinding(version: string, image: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  if (!isOld) return fine('image', `${image} has Node ${version}.`);
  return problem(
    'image',
    `The image ${image} has Node ${version}, and runs need ${OLDEST_NODE.join('.')} or newer.`,
    'Choose another image: --image.',
  );
}
