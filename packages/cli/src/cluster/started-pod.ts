/** Waits for the pod of a Job that is made for what this command is at, and says why it does not start. */
import { KtError } from '@kube-transform/sdk';
import type { Clock } from '@kube-transform/runtime';
import { systemClock } from '@kube-transform/runtime/internal';
import {
  diagnose,
  InquiryOfJob,
  type Job,
  type KubeApi,
  paths,
  type Pod,
  selectPodsOf,
  StartTimeout,
} from '@kube-transform/runtime/kubernetes';

/** How it is waited for. */
export interface Waiting {
  signal: AbortSignal;
  /** Told why it takes long. */
  note: (text: string) => void;
  clock?: Clock;
  /** How the pod is spoken of: its name, and why there is one; the code of the error. */
  words: { name: string; reason: string; code: string };
}

const START_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 250;
/** A pod is there sooner, where there is room for it. */
const SILENT_MS = 2000;

/** The name of the Job's pod once its container has started; null where there is none any more. */
export async function startedPod(
  api: KubeApi,
  job: Job,
  { signal, note, words, clock = systemClock }: Waiting,
): Promise<string | null> {
  const { name } = job.metadata;
  const beganMs = clock.elapsedMs();
  const startTimeout = new StartTimeout(beganMs, START_WITHIN_MS);
  let told = '';
  for (;;) {
    const { items } = await api.list<Pod>(paths.pods(api.namespace), {
      labelSelector: selectPodsOf(name),
      signal,
    });
    const [pod] = items;
    if (pod !== undefined && pod.status?.phase !== 'Pending') return pod.metadata.name;
    if (told === '' && clock.elapsedMs() - beganMs >= SILENT_MS) {
      const why = await diagnose(new InquiryOfJob(api, signal), job);
      told = 'not yet';
      note(`${words.name} has not started yet${why === null ? '' : `: ${why.message}`}.`);
    }
    if (startTimeout.pauseMs(clock.elapsedMs()) === 0) {
      const seen = await api.get<Job>(paths.jobs(api.namespace, name), { signal });
      if (seen === null) return null;
      const { message, expired } = startTimeout.observe(
        await diagnose(new InquiryOfJob(api), seen),
        clock.elapsedMs(),
      );
      if (expired !== null) throw notStarted(words, expired);
      if (message !== null && message !== told) note(`${words.name} is waiting because ${message}`);
      told = message ?? told;
    }
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

function notStarted(
  { reason, code }: Waiting['words'],
  { message, remedy }: { message: string; remedy: string },
): KtError {
  return new KtError({
    code,
    path: 'run',
    message: `${reason}, and it has not started, because ${message}.`,
    hint: remedy,
  });
}
