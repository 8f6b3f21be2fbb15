/** A log that many follow: each has all of it, and it is read once. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SharedLogs } from '../../../packages/server/src/following/shared-logs.js';
import { FakeClock } from '../../kit/fake-clock.js';
import { LoggingNode } from './logging-node.js';

const OF = { pod: 'a-0', container: 'main' };

/** One who follows: at once takes what comes, else when told to. */
class Follower {
  readonly lines: string[] = [];
  readonly leaving = new AbortController();
  readonly done: Promise<void>;
  #wake = (): void => undefined;
  #takes: number;

  constructor(logs: SharedLogs, takes: number) {
    this.#takes = takes;
    this.done = this.#run(logs);
  }

  take(more: number): void {
    this.#takes += more;
    this.#wake();
  }

  async #run(logs: SharedLogs): Promise<void> {
    const { signal } = this.leaving;
    signal.addEventListener('abort', () => this.#wake());
    for await (const lines of logs.follow(OF, { signal })) {
      for (const { line } of lines) this.lines.push(line);
      while (--this.#takes < 0 && !signal.aborted) {
        this.#takes = 0;
        await new Promise<void>(resolve => (this.#wake = resolve));
        this.#takes++;
      }
    }
  }
}

const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise(resolve => setImmediate(resolve));
};

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        is: fc.constant('log' as const),
        after: fc.constantFrom(0, 0, 1, 999, 2500, -3000),
      }),
    },
    { weight: 2, arbitrary: fc.record({ is: fc.constant('join' as const), isSlow: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ is: fc.constant('leave' as const), who: fc.nat(9) }) },
    {
      weight: 2,
      arbitrary: fc.record({ is: fc.constant('take' as const), who: fc.nat(9), more: fc.nat(3) }),
    },
    { weight: 1, arbitrary: fc.record({ is: fc.constantFrom('cut' as const, 'ended' as const) }) },
    { weight: 2, arbitrary: fc.record({ is: fc.constant('look' as const) }) },
    { weight: 4, arbitrary: fc.record({ is: fc.constant('turns' as const), count: fc.nat(6) }) },
  ),
  { minLength: 10, maxLength: 120 },
);

test('LF1: whoever joins, leaves, is slow or cut off in whatever order - each has the whole log, once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 40 }), async (script, pieces) => {
      const node = new LoggingNode(pieces);
      const clock = new FakeClock(() => true);
      const logs = new SharedLogs({ api: node, clock, maxChars: 600 });
      const followers: Follower[] = [];
      const logged: string[] = [];
      let atMs = 1_700_000_000_000;
      for (const step of script) {
        if (step.is === 'log') {
          atMs += step.after;
          logged.push(`line ${logged.length}`);
          node.log(logged.at(-1)!, atMs);
        } else if (step.is === 'join') followers.push(new Follower(logs, step.isSlow ? 0 : Infinity));
        else if (step.is === 'leave') followers[step.who]?.leaving.abort();
        else if (step.is === 'take') followers[step.who]?.take(step.more);
        else if (step.is === 'look') logs.see(OF, { hasEnded: false });
        else if (step.is === 'turns') await turns(step.count);
        else node.end(step.is);
        expect(node.following).toBeLessThanOrEqual(1);
      }
      followers.push(new Follower(logs, Infinity));
      node.finish();
      logs.see(OF, { hasEnded: true });
      for (const follower of followers) follower.take(Infinity);
      await Promise.all(followers.map(({ done }) => done));
      for (const { lines, leaving } of followers)
        expect(lines).toEqual(leaving.signal.aborted ? logged.slice(0, lines.length) : logged);
      await turns(3);
      expect([node.following, logs.size]).toEqual([0, 0]);
    }),
    { numRuns: 300 },
  );
});

test('lines that the node has thrown away - are left out, and what comes after them is told', async () => {
  const node = new LoggingNode();
  const logs = new SharedLogs({ api: node, clock: new FakeClock(() => true), maxChars: 600 });
  const first = new Follower(logs, Infinity);
  const log = async (from: number, to: number): Promise<void> => {
    for (let i = from; i < to; i++) node.log(`line ${i}`, 1_700_000_000_000 + i);
    await turns(50);
  };
  await log(0, 20);
  node.rotate(2);
  const late = new Follower(logs, Infinity);
  await log(20, 22);
  logs.see(OF, { hasEnded: true });
  node.finish();
  await Promise.all([first.done, late.done]);
  expect(first.lines).toHaveLength(22);
  expect(late.lines).toEqual(first.lines.slice(-late.lines.length));
  expect(late.lines.length).toBeGreaterThanOrEqual(4);
});

test('LF2: one who takes nothing - holds up nobody else, and has the rest when it takes it', async () => {
  const node = new LoggingNode();
  const logs = new SharedLogs({ api: node, clock: new FakeClock(() => true), maxChars: 600 });
  const [quick, slow] = [new Follower(logs, Infinity), new Follower(logs, 0)];
  const logged = Array.from({ length: 50 }, (_, i) => `line ${i}`);
  for (const [i, text] of logged.entries()) {
    node.log(text, 1_700_000_000_000 + i);
    await turns(2);
  }
  await turns(20);
  expect(quick.lines).toEqual(logged);
  expect(slow.lines.length).toBeLessThan(20);
  expect([node.followed, node.read]).toEqual([1, 0]);
  logs.see(OF, { hasEnded: true });
  node.finish();
  slow.take(Infinity);
  await Promise.all([quick.done, slow.done]);
  expect(slow.lines).toEqual(logged);
  expect(node.read).toBe(1);
});
