/** How a run is shown while it goes on. */
import { stripVTControlCharacters } from 'node:util';
import type { RunEvent } from '@kube-transform/runtime';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Output } from './output.js';
import { reporterFor } from './reporters.js';

type Untimed<T> = T extends RunEvent ? Omit<T, 'atMs' | 'runId'> : never;

class Screen implements Output {
  readonly said: string[] = [];
  readonly noted: string[] = [];
  readonly drawn: { rows: readonly string[]; over: number }[] = [];
  readonly columns = 60;
  readonly live: Output['live'];
  constructor(live: boolean) {
    this.live = live && ((rows, over) => this.drawn.push({ rows: rows.map(stripVTControlCharacters), over }));
  }
  out(text: string): void {
    this.said.push(text);
  }
  err(text: string): void {
    this.noted.push(text);
  }
}

const threw = { kind: 'Threw', message: 'no answer\nfrom host-1', name: 'Error' } as const;
const STARTED = { type: 'RunStarted', pipeline: 'etl', jobs: 2, resumed: false } as const;
const RUNS = { type: 'JobStatusChanged', job: 'work', from: 'Pending', to: 'Running', items: 5 } as const;
const EXPANDED = { type: 'JobExpanded', job: 'work', items: 5, done: 0, failed: 0 } as const;
const succeeded = (item: number): Untimed<RunEvent> => ({
  type: 'ItemSucceeded',
  job: 'work',
  item,
  attempt: 1,
  skipped: false,
});

/** The time of every first event: with the time of day, a rate would sometimes round the other way. */
const NOW_MS = 1_800_000_000_000;

/** Publishes events, `stepMs` after each other. */
function publish(
  reporter: ReturnType<typeof reporterFor>,
  events: readonly Untimed<RunEvent>[],
  stepMs = 0,
): void {
  const fromMs = vi.getMockedSystemTime()?.getTime() ?? NOW_MS;
  events.forEach((event, i) => reporter.publish({ ...event, runId: 'r', atMs: fromMs + i * stepMs }));
}

describe('as JSON', () => {
  test('events - one a line, each with the id of the run; notes go to standard error', () => {
    const screen = new Screen(true);
    const reporter = reporterFor(true, screen);
    publish(reporter, [STARTED, succeeded(1)]);
    reporter.note('slow');
    reporter.close();
    expect(screen.said.map(line => JSON.parse(line) as RunEvent)).toMatchObject([
      { type: 'RunStarted', runId: 'r' },
      { type: 'ItemSucceeded', runId: 'r', item: 1 },
    ]);
    expect(screen.noted).toEqual(['slow']);
  });
});

describe('as lines', () => {
  const lines = (events: readonly Untimed<RunEvent>[], stepMs = 0): string[] => {
    const screen = new Screen(false);
    const reporter = reporterFor(false, screen);
    publish(reporter, events, stepMs);
    reporter.close();
    return screen.said;
  };

  test('a run - its beginning, its steps, what is tried again, what fails', () => {
    expect(
      lines([
        STARTED,
        { type: 'JobStatusChanged', job: 'list', from: null, to: 'Pending', items: null },
        RUNS,
        EXPANDED,
        { type: 'ItemStarted', job: 'work', item: 0, attempt: 1 },
        { type: 'ItemRetrying', job: 'work', item: 0, attempt: 1, delayMs: 1500, cause: threw },
        { type: 'ItemFailed', job: 'work', item: 0, attempt: 2, cause: threw },
        { type: 'JobWaiting', job: 'work', message: 'no node has room' },
        { type: 'JobWaiting', job: 'work', message: null },
        { type: 'JobStatusChanged', job: 'work', from: 'Running', to: 'Failed', items: 5, cause: threw },
        { type: 'RunFinished', status: 'Failed', durationMs: 10 },
      ]),
    ).toEqual([
      'run r: pipeline "etl", 2 steps',
      'work: Running',
      'work: 5 items',
      'work[0]: attempt 1 failed, trying again in 1.5 s – no answer\nfrom host-1',
      'work[0]: failed after 2 attempts – no answer\nfrom host-1',
      'work: waiting because no node has room',
      'work: Failed – no answer\nfrom host-1',
    ]);
  });

  test('a run that is resumed - says so; a step of one item is no progress', () => {
    expect(
      lines([
        { ...STARTED, resumed: true, jobs: 1 },
        { ...EXPANDED, items: 1 },
      ]),
    ).toEqual(['run r (resumed): pipeline "etl", 1 step']);
  });

  test('results that were not kept - are told with the end of their step', () => {
    const skipped = (item: number): Untimed<RunEvent> => ({
      ...{ type: 'ItemSucceeded', job: 'work', item, attempt: 0 },
      ...{ skipped: true, unkept: true },
    });
    const ends = { ...RUNS, from: 'Running', to: 'Completed' } as const;
    expect(lines([RUNS, skipped(0), ends]).at(-1)).toBe('work: Completed – 1 skipped, its result is null');
    expect(lines([RUNS, skipped(0), skipped(1), succeeded(2), ends]).at(-1)).toBe(
      'work: Completed – 2 skipped, their results are null',
    );
  });

  test('progress - of a step every other second, with its rate', () => {
    const items = [0, 1, 2, 3].map(succeeded);
    expect(lines([STARTED, RUNS, EXPANDED, ...items], 100)).toHaveLength(3);
    expect(lines([STARTED, RUNS, EXPANDED, ...items], 1000).slice(3)).toEqual([
      'work: 3/5  1.0/s  eta 2.0 s',
    ]);
    const counted = { type: 'JobCounted', job: 'work', done: 3, failed: 1, retried: 2, skipped: 1 } as const;
    expect(lines([RUNS, EXPANDED, counted, counted], 2000).slice(2)).toEqual([
      'work: 4/5  1 failed  1 done before  2 retried  0.8/s  eta 1.3 s',
    ]);
  });
});

describe('on a terminal', () => {
  let screen: Screen;
  beforeEach(() => {
    vi.useFakeTimers({ now: NOW_MS });
    screen = new Screen(true);
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const last = (): readonly string[] => screen.drawn.at(-1)?.rows ?? [];

  test('a table - redrawn in place, with what goes on; at the end without', () => {
    const reporter = reporterFor(false, screen);
    vi.advanceTimersByTime(100);
    expect(screen.drawn).toEqual([]);
    publish(reporter, [
      STARTED,
      { type: 'JobStatusChanged', job: 'list', from: 'Running', to: 'Completed', items: 1 },
      RUNS,
      EXPANDED,
      { type: 'ItemFailed', job: 'work', item: 0, attempt: 2, cause: threw },
      { type: 'JobWaiting', job: 'work', message: 'no node has room' },
    ]);
    reporter.note('The API server\r\u001b[2J is away.');
    vi.advanceTimersByTime(100);
    expect(last()).toEqual([
      'etl  run r  100 ms',
      '  ✓ Completed  list  ',
      '  ▸ Running    work  1/5  1 failed  10.0/s  eta 400 ms',
      '  work: waiting because no node has room',
      '  last error: work[0]: no answer',
      'The API server\\r\\x1b[2J is away.',
    ]);
    publish(reporter, [{ type: 'JobStatusChanged', job: 'work', from: 'Running', to: 'Failed', items: 5 }]);
    reporter.close();
    expect(screen.drawn.at(-1)?.over).toBe(6);
    expect(last().slice(1)).toEqual(['  ✓ Completed  list  ', '  ✗ Failed     work  1/5  1 failed']);
    const before = screen.drawn.length;
    vi.advanceTimersByTime(1000);
    expect(screen.drawn).toHaveLength(before);
  });

  test('a run that has not begun - since when it is waited for, and why, whole; then nothing of it', () => {
    const reporter = reporterFor(false, screen, { runId: 'r', createdMs: NOW_MS - 65_000 });
    vi.advanceTimersByTime(100);
    expect(screen.drawn).toEqual([]);
    const why = `the controller is waiting because ${'x'.repeat(90)}.`;
    reporter.note(why);
    vi.advanceTimersByTime(1000);
    expect(last()[0]).toBe('run r  not begun for 1m 06s');
    expect(last().slice(1).join('')).toBe(why);
    expect(Math.max(...last().map(line => line.length))).toBe(60);
    publish(reporter, [STARTED]);
    vi.advanceTimersByTime(100);
    expect(last()).toEqual(['etl  run r  100 ms']);
    reporter.close();
  });

  test('eta - is not told while nothing ends', () => {
    const reporter = reporterFor(false, screen);
    publish(reporter, [STARTED, RUNS, EXPANDED]);
    vi.advanceTimersByTime(2000);
    expect(last().at(-1)).toBe('  ▸ Running  work  0/5  0.0/s  eta –');
    publish(reporter, [succeeded(0)]);
    vi.advanceTimersByTime(2000);
    expect(last().at(-1)).toBe('  ▸ Running  work  1/5  0.3/s  eta 16.0 s');
    vi.advanceTimersByTime(60_000);
    expect(last().at(-1)).toBe('  ▸ Running  work  1/5  0.0/s  eta –');
    reporter.close();
  });

  test('very many steps - those that failed and those that run, and how many more; lines are clipped', () => {
    const reporter = reporterFor(false, screen);
    const steps = Array.from({ length: 30 }, (_, i): Untimed<RunEvent> => {
      const to = i === 29 ? 'Failed' : i === 28 ? 'Running' : 'Completed';
      return { type: 'JobStatusChanged', job: `${i}${'x'.repeat(80)}`, from: null, to, items: 1 };
    });
    publish(reporter, [STARTED, ...steps]);
    reporter.close();
    expect(last()).toHaveLength(1 + 20 + 1);
    expect(last()[1]).toMatch(/✗ Failed +29x+$/);
    expect(last()[2]).toMatch(/▸ Running +28x+$/);
    expect(last().at(-1)).toBe('  … and 10 more steps');
    expect(Math.max(...last().map(line => line.length))).toBe(60);
  });
});
