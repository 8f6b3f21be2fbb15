/*
 * The pod of a volume: a process that waits, and one for each session that is begun in it.
 *
 * VP3 The pod ends by itself where nobody has asked for anything for a while, and a session where nobody has
 *     shown a sign of life: a client that was killed leaves nothing.
 */
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, FileStore } from '../../ports/index.js';
import { sendBytes } from '../../process/standard-output.js';
import { systemClock } from '../../process/system-clock.js';
import { MOUNT } from '../manifests/pod-spec.js';
import { serveVolume } from './serve-volume.js';

/** The argument of a process that serves a session. */
export const SESSION = 'session';
/** How often a client that has nothing to ask says that it is there. */
export const ALIVE_EVERY_MS = 15_000;
const QUIET_MS = 4 * ALIVE_EVERY_MS;
const LOOK_EVERY_MS = 5000;
const HEARD = join(MOUNT.scratch, 'kt-heard');

/** Waits, or serves a session of the volume; the exit code. */
export async function runVolumePod(open: () => Promise<FileStore>): Promise<number> {
  if (!process.argv.includes(SESSION)) await untilNobodyAsks(lastHeard, systemClock);
  else {
    const heard = new Heard(systemClock);
    const watch = untilNobodyAsks(() => Promise.resolve(heard.pieces), systemClock);
    const serve = serveVolume(await open(), { input: heard.from(process.stdin), send: sendBytes });
    await Promise.race([serve, watch]);
  }
  return 0;
}

/** Resolves when what is heard has stayed the same for a while. */
export async function untilNobodyAsks(heard: () => Promise<number>, clock: Clock): Promise<void> {
  let last = await heard();
  let sinceMs = clock.elapsedMs();
  do {
    await clock.sleep(LOOK_EVERY_MS);
    const now = await heard();
    if (now !== last) sinceMs = clock.elapsedMs();
    last = now;
  } while (clock.elapsedMs() - sinceMs < QUIET_MS);
}

/** When a session of this pod has last heard something. */
const lastHeard = async (): Promise<number> =>
  await stat(HEARD).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );

/** What a session hears, which the process that waits is told of. */
class Heard {
  pieces = 0;
  readonly #clock: Clock;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async *from(chunks: AsyncIterable<unknown>): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of chunks) {
      this.pieces++;
      const elapsedMs = this.#clock.elapsedMs();
      if (elapsedMs - this.#toldMs >= LOOK_EVERY_MS) {
        this.#toldMs = elapsedMs;
        await writeFile(HEARD, '');
      }
      yield chunk as Uint8Array;
    }
  }
}
