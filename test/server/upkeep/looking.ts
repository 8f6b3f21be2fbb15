/** What servers do for Jobs that are there, look by look. */
import { JobUpkeep, type UpkeepOptions } from '@kube-transform/server';
import { FakeClock } from '../../kit/fake-clock.js';
import { JOBS, type OpenJobs } from '../open-jobs.js';

const LOOK_MS = 500;
const MAX_LOOKS = 2000;

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

/** One server's work, with a clock of its own. */
export class Looking {
  readonly clock = new FakeClock();
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

  /** Looks once more where a look is over, and lets what was asked come. */
  async look(): Promise<void> {
    await new Promise(resolve => setImmediate(resolve));
    if (this.clock.waiting.includes(LOOK_MS)) this.clock.advance(LOOK_MS);
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await this.#run;
  }
}
