/** A scripted API server, a clock that stands still and clients of both, anew for each test. */
import {
  watch,
  type WatchChange,
  isKubeError,
  KubeApi,
  type KubeConnection,
  type ClusterSettings,
  type KubeError,
  ownerOf,
  type RunFrame,
  type Pod,
  paths,
} from '@kube-transform/runtime/kubernetes';
import { afterEach, beforeEach, expect } from 'vitest';
import { FakeClock } from './fake-clock.js';
import { KubeServer } from './kube-server.js';

type Options = Partial<ConstructorParameters<typeof KubeApi>[1]>;
type FollowOptions = Parameters<typeof watch>[2];

/**
 * How long a client waits for an answer where it is not told otherwise. Waits that are shorter, for another
 * attempt, take no time here.
 */
export const TIMEOUT_MS = 30_000;

export class KubeBench {
  server!: KubeServer;
  clock!: FakeClock;
  readonly #apis: KubeApi[] = [];

  constructor() {
    beforeEach(async () => {
      this.server = await KubeServer.start();
      this.clock = new FakeClock(ms => ms < TIMEOUT_MS);
    });
    afterEach(async () => {
      for (const made of this.#apis.splice(0)) made.close();
      await this.server.close();
    });
  }

  connection(): KubeConnection {
    const token = () => Promise.resolve(undefined);
    return { name: 'test', server: this.server.url, namespace: 'ns', token };
  }

  api(options: Options = {}, connection: Partial<KubeConnection> = {}): KubeApi {
    const made = new KubeApi({ ...this.connection(), ...connection }, { clock: this.clock, ...options });
    this.#apis.push(made);
    return made;
  }
}

/** What a call was refused with. */
export async function errorOf(call: Promise<unknown>): Promise<KubeError> {
  const error: unknown = await call.then(
    value => expect.fail(`expected an error, got ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  expect(isKubeError(error), String(error)).toBe(true);
  return error as KubeError;
}

/** Somebody who follows the pods of the namespace "ns": what was heard, as short words. */
export class Listener {
  readonly heard: string[] = [];
  readonly trouble: unknown[] = [];
  readonly done: Promise<void>;
  #onHeard: (() => void)[] = [];

  constructor(
    api: KubeApi,
    options: Pick<FollowOptions, 'signal' | 'clock'> & Partial<FollowOptions> & { labelSelector?: string },
  ) {
    this.done = this.#listen(api, options);
    this.done.catch(() => undefined);
  }

  /** What went wrong, as "status reason". */
  get reasons(): string[] {
    return this.trouble.map(error =>
      isKubeError(error) ? `${error.status} ${error.reason}` : String(error),
    );
  }

  /** Resolves when something was heard. */
  async hears(word: string, times = 1): Promise<void> {
    while (this.heard.filter(one => one === word).length < times)
      await new Promise<void>(resolve => this.#onHeard.push(resolve));
  }

  async #listen(
    api: KubeApi,
    { labelSelector, ...options }: FollowOptions & { labelSelector?: string },
  ): Promise<void> {
    const whole = { onTrouble: (error: unknown) => void this.trouble.push(error), ...options };
    for await (const event of watch<Pod>(api, { path: paths.pods('ns'), labelSelector }, whole)) {
      this.heard.push(wordFor(event));
      for (const look of this.#onHeard.splice(0)) look();
    }
  }
}

const wordFor = (event: WatchChange<Pod>): string =>
  event.type === 'list'
    ? `list ${event.items.map(item => item.metadata.name).join(',')}`
    : `${event.type} ${event.object.metadata.name}`;

/** What the Jobs of run "r" have in common. */
export const frameOf = (settings: ClusterSettings): RunFrame => ({
  ...{ runId: 'r', pipeline: 'p', settings, digest: 'd', bundleParts: 1 },
  owner: ownerOf('r', 'u'),
});
