/** Logs of a Job as they come, until it has ended. */
import { LineDecoder } from '@kube-transform/runtime/internal';
import { isKubeError, paths } from '@kube-transform/runtime/kubernetes';
import type { Clock } from '@kube-transform/runtime';
import { type ContainerPlace, podsOf } from '../jobs/job-logs.js';
import { wordFor, type JobWord } from '../jobs/job-object.js';
import type { JobManager } from '../jobs/managed-jobs.js';

/** A line that a container has written. */
export interface LoggedLine extends ContainerPlace {
  line: string;
}

/** What follows. */
export interface Following {
  jobs: JobManager;
  clock: Clock;
  signal: AbortSignal;
  /** Takes a line; the next is read when it resolves. */
  emit(line: LoggedLine): Promise<void>;
}

const LOOK_EVERY_MS = 3000;
/** A pod whose containers wait has no log yet; so often it is asked again. */
const MAX_BROKEN = 5;

/** Gives all lines of a Job's pods, also earlier ones; its state at the end, null where the signal came. */
export async function followLogs(
  name: string,
  { jobs, clock, signal, emit }: Following,
): Promise<JobWord | null> {
  const followed = new Map<string, Promise<void>>();
  let word: JobWord = 'Running';
  while (!signal.aborted) {
    word = wordFor(await jobs.get(name));
    for (const { metadata, spec, status } of await podsOf(jobs.api, name)) {
      if (status?.phase === 'Pending') continue;
      for (const { name: container } of spec?.containers ?? []) {
        const key = `${metadata.name}/${container}`;
        const place = { pod: metadata.name, container };
        if (!followed.has(key)) followed.set(key, followOne(place, { jobs, clock, signal, emit }));
      }
    }
    if (word !== 'Running') break;
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
  }
  await Promise.all(followed.values());
  return signal.aborted ? null : word;
}

/** A log to its end; a stream that breaks is taken up where it broke. Never rejects. */
async function followOne(
  place: ContainerPlace,
  { jobs: { api }, clock, signal, emit }: Following,
): Promise<void> {
  let since: string | undefined;
  for (let broken = 0; broken < MAX_BROKEN && !signal.aborted; broken++) {
    const query = {
      container: place.container,
      follow: true,
      timestamps: true,
      sinceTime: since?.replace(/\.\d+Z$/, 'Z'),
    };
    const lines = new LineDecoder();
    const from = since;
    const told = async (line: string): Promise<void> => {
      const [, time = '', text = line] = /^(\S+) ?(.*)$/s.exec(line) ?? [];
      if (line === '' || (from !== undefined && time <= from)) return;
      since = time;
      await emit({ ...place, line: text });
    };
    try {
      for await (const chunk of api.stream(paths.podLog(api.namespace, place.pod), { query, signal }))
        for (const line of lines.push(chunk)) await told(line);
      for (const line of lines.end()) await told(line);
      return;
    } catch (error) {
      if (isKubeError(error, 404)) return;
    }
    await clock.sleep(1000, signal).catch(() => undefined);
  }
}
