/**
 * A run on a store that lags, fails and loses power: driven, and driven again, until it has ended or says
 * that it cannot go on. What it came to is compared with a run that nothing disturbed.
 */
import { setImmediate } from 'node:timers/promises';
import { isKtError, type Json, type KTPipelineInput } from '@kube-transform/sdk';
import {
  type Clock,
  type FileStore,
  memoryFileStore,
  readRecord,
  type RunRecord,
} from '@kube-transform/runtime';
import {
  drive,
  type Executor,
  localCatalog,
  newRun,
  readAllResults,
  systemClock,
  writeRecord,
} from '@kube-transform/runtime/internal';
import * as simulated from '../fixtures/functions/simulated.js';
import { type Chance, chanceOf } from '../kit/lag-store/chance.js';
import { type LagOptions, type LagStore, lagStore } from '../kit/lag-store/lag-store.js';

/** A step that fans out, one that reduces, one that makes steps. */
const STEPS: KTPipelineInput = {
  name: 'simulated',
  jobs: [
    {
      ...{ type: 'map', name: 'triple', function: 'simulated.triple', items: [1, 2, 3, 4, 5, 6] },
      ...{ args: { n: { $ref: 'item#' } }, itemsPerPod: 2, maxFailed: 1, retries: 1 },
      backoff: { initial: '1ms' },
    },
    {
      ...{ type: 'static', name: 'sum', dependencies: ['triple'] },
      tasks: [{ function: 'simulated.sum', args: { all: { $ref: 'triple#' } } }],
    },
    {
      ...{ type: 'dynamic', name: 'plan', function: 'simulated.plan', dependencies: ['triple'] },
      args: { some: { $ref: 'triple#' } },
    },
  ],
};
/** The same, with pods that its steps share. */
const SHARING: KTPipelineInput = {
  ...STEPS,
  jobs: (STEPS.jobs ?? []).map(job => ({ ...job, itemsPerPod: null, reuse: 'run' })),
};
const EXPECTED = {
  triple: [3, 6, 9, 12, null, 18],
  sum: [48],
  child: [103, 106, 109, 112, 99, 118],
};

/** What an executor is made of, anew for each driver. */
export type MakeExecutor = (around: {
  store: FileStore;
  clock: Clock;
  record: RunRecord;
  chance: Chance;
}) => Executor | Promise<Executor>;

/** Time passes as it is asked for. */
export const hurried: Clock = { ...systemClock, sleep: (_ms, signal) => systemClock.sleep(0, signal) };
export const catalogOf = (): ReturnType<typeof localCatalog> => localCatalog(null, { simulated });

/** The faults of a seed: each kind in some of them. */
export function faultsOf(seed: number): LagOptions {
  const chance = chanceOf(seed);
  const isDurable = chance.happens(0.8);
  return {
    seed,
    lateBy: chance.oneOf(3) * 40,
    misses: { chance: chance.oneOf(3) * 0.2, forOperations: 30 },
    fails: {
      before: chance.oneOf(3) * 0.015,
      after: chance.oneOf(3) * 0.015,
      atMost: 5,
    },
    isDurable: key => isDurable || !key.startsWith('kt-metadata/'),
  };
}

/** How a run is disturbed from outside, beside the faults of its store. */
export interface Disturbances {
  /** How often two drivers begin that know nothing of each other. */
  twoDrivers: number;
  /** How often a second one takes the run over while the first drives it, some events after it began. */
  takeOver: number;
  /** With which change the power is cut in a drive, the first being 0; null: it is not. */
  powerCut: (chance: Chance, drive: number) => number | null;
}

/** So many controllers Kubernetes begins in the place of one whose store has failed. */
const HEIRS = 30;

const OFTEN: Disturbances = {
  twoDrivers: 0.1,
  takeOver: 0,
  powerCut: chance => (chance.happens(0.3) ? chance.oneOf(60) : null),
};

/** A run that is driven until it ends, by one driver after another, some of them two at once. */
export class SimulatedRun {
  readonly #make: MakeExecutor;
  readonly #chance: Chance;
  readonly #seed: number;
  readonly #disturbances: Disturbances;
  readonly #reuse: 'step' | 'run';
  #store: LagStore;
  /** Drivers so far. */
  drives = 0;
  /** Why each driver that failed did so. */
  readonly said: string[] = [];
  /** What became of writes that were not on the disk when the power was cut. */
  damage = 0;

  constructor(
    make: MakeExecutor,
    options: LagOptions,
    {
      inner = memoryFileStore(),
      reuse = 'step',
      ...disturbances
    }: Partial<Disturbances> & { inner?: FileStore; reuse?: 'step' | 'run' } = {},
  ) {
    this.#reuse = reuse;
    this.#make = make;
    this.#disturbances = { ...OFTEN, ...disturbances };
    this.#seed = options.seed;
    this.#chance = chanceOf(options.seed + 1);
    this.#store = lagStore(inner, options);
  }

  /**
   * What the run came to: "Completed", with the right results, or the code of what it says.
   *
   * @throws Error where it says "Completed" with other results than it should have.
   */
  async run(): Promise<string> {
    const record = await this.#begin();
    for (;;) {
      const said = await this.#drive(record);
      if (said === 'Completed') return this.#checked(record);
      if (said !== 'STORE_FAILED' && said !== 'RUN_TAKEN_OVER') return said;
      if (this.drives > 50) throw new Error(`seed ${this.#seed}: it never ends`);
    }
  }

  async #begin(): Promise<RunRecord> {
    const record = await newRun({
      pipeline: this.#reuse === 'run' ? SHARING : STEPS,
      clock: systemClock,
      runId: `s${this.#seed}`,
    });
    while ((await this.#tried(() => readRecord(this.#store, record.runId))) == null)
      await this.#tried(() => writeRecord(this.#store, record));
    return record;
  }

  /** One driver, or two that know nothing of each other; then, perhaps, the power is cut. */
  async #drive(record: RunRecord): Promise<string> {
    const { twoDrivers, takeOver, powerCut } = this.#disturbances;
    const drivers = this.#chance.happens(twoDrivers) ? 2 : 1;
    const isTaken = takeOver > 0 && this.#chance.happens(takeOver);
    const cutsAt = powerCut(this.#chance, this.drives);
    const cut = cutsAt === null ? undefined : this.#store.cutPowerAfter(cutsAt);
    const ends = await (isTaken
      ? this.#oneAfterTheOther(record)
      : Promise.all(Array.from({ length: drivers }, () => this.#one(record))));
    if (cut !== undefined) {
      const { store, damage } = await cut();
      this.#store = store;
      this.damage += damage.length;
    }
    return ends.find(said => said !== 'RUN_TAKEN_OVER' && said !== 'STORE_FAILED') ?? ends[0] ?? '';
  }

  /**
   * Two drivers; the second begins when the first has told of some things, or has ended. Pods ask the second
   * alone, so the first may wait for ever once that has ended: Kubernetes begins one again whose store has
   * failed, and where the run is not to go on the first is ended.
   */
  async #oneAfterTheOther(record: RunRecord): Promise<string[]> {
    let left = this.#chance.oneOf(8);
    let begin = (): void => undefined;
    const begun = new Promise<void>(resolve => (begin = resolve));
    const ended = new AbortController();
    const said: string[] = [];
    const publish = (): void => (left-- === 0 ? begin() : undefined);
    const first = this.#one(record, { publish, stop: ended.signal })
      .then(word => (ended.signal.aborted ? undefined : said.push(word)))
      .finally(begin);
    const heirs = async (): Promise<string> => {
      await begun;
      let heir = await this.#one(record);
      // Where the power is gone each fails at once, and the first hears of it when others have their turn.
      for (let times = 0; heir === 'STORE_FAILED' && said.length === 0 && times < HEIRS; times++) {
        await setImmediate();
        heir = await this.#one(record);
      }
      if (heir !== 'Completed') ended.abort();
      return heir;
    };
    const [heir] = await Promise.all([heirs(), first]);
    return [...said, heir];
  }

  async #one(
    record: RunRecord,
    { publish = () => undefined, stop }: { publish?: () => void; stop?: AbortSignal } = {},
  ): Promise<string> {
    const never = new AbortController().signal;
    const around = { store: this.#store, clock: hurried, record, chance: this.#chance };
    try {
      const { status } = await drive({
        ...{ store: this.#store, clock: hurried, record, drain: never, stop: stop ?? never, cancel: never },
        executor: await this.#make(around),
        sink: { publish },
        resumed: this.drives++ > 0,
      });
      return status;
    } catch (error) {
      if (!isKtError(error)) throw error;
      this.said.push(error.message);
      return error.code;
    }
  }

  async #checked({ runId }: RunRecord): Promise<string> {
    for (const [job, expected] of Object.entries(EXPECTED)) {
      const found = await this.#tried<Json[] | string>(() => readAllResults(this.#store, runId, job));
      if (typeof found === 'string') return found;
      if (JSON.stringify(found) !== JSON.stringify(expected))
        throw new Error(`seed ${this.#seed}: Completed, and "${job}" is ${JSON.stringify(found)}`);
    }
    return 'Completed';
  }

  /** A call that is made again where the store fails; the code of another error. */
  async #tried<T>(call: () => Promise<T>): Promise<T | string> {
    for (let times = 0; ; times++) {
      try {
        return await call();
      } catch (error) {
        if (!isKtError(error)) throw error;
        if (error.code !== 'STORE_FAILED' || times > 50) return error.code;
      }
    }
  }
}
