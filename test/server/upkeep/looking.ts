/** What servers do for Jobs that are there, look by look. */
import { JobUpkeep, type UpkeepOptions } from '@kube-transform/server';
import { FakeClock } from '../../kit/fake-clock.js';
import { JOBS, type OpenJobs } from '../open-jobs.js';

const LOOK_MS = 500;
const MAX_LOOKS = 20_000;

/** A Job in the cluster, as far as tests look into it. */
export interface JobSeen {
  metadata: {
    name: string;
    uid: string;
    labels: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec: { suspend?: boolean };
  status?: {
    startTime?: string;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
  };
}

export const jobIn = ({ kube }: OpenJobs, name: string): JobSeen =>
  kube.storage.get(JOBS, name) as unknown as JobSeen;
export const marksOf = (opened: OpenJobs, name: string): Record<string, string> =>
  jobIn(opened, name).metadata.annotations ?? {};

/** Time stands still while servers look: between two looks none passes. */
class LookClock extends FakeClock {
  #looks: (() => void)[] = [];

  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms !== LOOK_MS || signal?.aborted === true) return super.sleep(ms, signal);
    return new Promise((resolve, reject) => {
      this.#looks.push(resolve);
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
  }

  look(): void {
    for (const look of this.#looks.splice(0)) look();
  }
}

/** One server's work, with a clock of its own. */
export class Looking {
  readonly clock = new LookClock();
  readonly told: string[] = [];
  readonly #ending = new AbortController();
  #run: Promise<void> = Promise.resolve();

  static async begin(
    { jobs }: Pick<OpenJobs, 'jobs'>,
    options: Partial<UpkeepOptions> = {},
  ): Promise<Looking> {
    const looking = new Looking();
    const tell = (message: string): void => void looking.told.push(message);
    const upkeep = new JobUpkeep({ jobs, clock: looking.clock, tell, ...options });
    await upkeep.start();
    looking.#run = upkeep.run(looking.#ending.signal);
    return looking;
  }

  /** Looks until something holds. */
  async until(holds: () => boolean): Promise<void> {
    for (let looks = 0; !holds(); looks++) {
      if (looks === MAX_LOOKS) throw new Error(`It does not come to be. Told: ${this.told.join(' ')}`);
      await this.look();
    }
  }

  /** Lets what was asked come, and looks once more where a look is over. */
  async look(): Promise<void> {
    await new Promise(resolve => setImmediate(resolve));
    this.clock.look();
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await this.#run;
  }
}
