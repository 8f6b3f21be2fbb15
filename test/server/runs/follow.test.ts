/** Runs that are followed over HTTP: by who leaves, by who is slow, and over the end of a server. */
import type { LogLine, RunEvent } from '@kube-transform/runtime';
import { describe, expect, test } from 'vitest';
import { completed, LINES, running } from '../../kit/backends/memory-bench.js';
import { MemoryBackend } from '../../kit/backends/memory-backend.js';
import type { ServedRuns } from '@kube-transform/server';
import { reach, servedRuns } from '../../kit/backends/server-bench.js';

const never = new AbortController().signal;
const line = (item: number, message: string): LogLine => ({
  ...{ job: 'work', item, attempt: 1, atMs: 1_700_000_000_000, level: 'info', message },
});
/** Something that is waited for. */
function door(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>(resolve => (open = resolve));
  return { opened, open: () => open() };
}
const portOf = (url: string): number => Number(new URL(url).port);

describe('a run that is followed', () => {
  test('over the end of a server - goes on with the next, and nothing is told twice', async () => {
    const runs = new MemoryBackend();
    runs.set(running('going'), { lines: [line(0, 'a'), line(0, 'a')] });
    const first = await reach(servedRuns(runs));
    const { backend } = first;
    const run = await backend.find('going');
    const [events, notes, lines]: [RunEvent[], string[], LogLine[]] = [[], [], []];
    const [seen, begun] = [door(), door()];
    const following = backend.follow(run, {
      sink: { publish: event => void (events.push(event), begun.open()) },
      note: text => void notes.push(text),
      signal: never,
    });
    const reading = (async () => {
      for await (const one of backend.logs(run, { follow: true })) {
        lines.push(one);
        if (lines.length === 2) seen.open();
      }
    })();
    await Promise.all([seen.opened, begun.opened]);
    await first[Symbol.asyncDispose]();
    runs.set(completed('going'), { lines: [line(0, 'a'), line(0, 'a'), line(0, 'a'), line(1, 'b')] });
    await using _ = await reach(servedRuns(runs), { port: portOf(first.server.url) });
    expect(await following).toMatchObject({ runId: 'going', status: 'Completed', result: 5 });
    await reading;
    expect(lines.map(({ item, message }) => `${item}${message}`)).toEqual(['0a', '0a', '0a', '1b']);
    const told = events.map(event => ('job' in event ? `${event.type} ${event.job}` : event.type));
    expect(told.filter(text => text === 'RunStarted')).toHaveLength(1);
    expect(told.filter(text => text === 'JobExpanded work')).toHaveLength(1);
    expect(told.filter(text => text === 'JobExpanded list')).toHaveLength(1);
    expect(told.at(-1)).toBe('RunFinished');
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'JobStatusChanged', job: 'work', from: 'Running', to: 'Completed' }),
    );
    expect(notes.join('\n')).toMatch(/cannot be reached: .*asked again.*\n.*is there again/s);
  });

  test('by one who leaves - leaves room for the next, and nobody looks any more', async () => {
    const runs = new MemoryBackend();
    runs.set(running('going'));
    const stopped: Promise<void>[] = [];
    const served = servedRuns(runs);
    const watched = {
      ...served,
      follow: (...[run, watcher]: Parameters<typeof served.follow>) => {
        stopped.push(new Promise(resolve => watcher.signal.addEventListener('abort', () => resolve())));
        return served.follow(run, watcher);
      },
    };
    await using reached = await reach(watched, { app: { maxFollowers: 1 } });
    const { backend } = reached;
    const run = await backend.find('going');
    for (let i = 0; i < 5; i++) {
      const leaving = new AbortController();
      const sink = { publish: () => leaving.abort() };
      expect(await backend.follow(run, { sink, note: () => undefined, signal: leaving.signal })).toBeNull();
      await stopped[i];
    }
    expect(stopped).toHaveLength(5);
  });

  test('by one too many - is refused with a sentence', async () => {
    const runs = new MemoryBackend();
    runs.set(running('going'));
    await using reached = await reach(servedRuns(runs), { app: { maxFollowers: 1 } });
    const open = reached.client.stream('followRun', { path: { run: 'going' } });
    expect((await open.next()).value).toMatchObject({ event: 'event', data: { type: 'RunStarted' } });
    const other = reached.client.stream('followRun', { path: { run: 'going' }, retryForMs: 0 });
    await expect(other.next()).rejects.toMatchObject({ code: 'TOO_MANY_FOLLOWERS' });
    await open.return();
  });

  test('by HEAD, which takes nothing - leaves room for who follows', async () => {
    const runs = new MemoryBackend();
    runs.set(running('going'));
    await using reached = await reach(servedRuns(runs), { app: { maxFollowers: 1 } });
    for (const path of ['/runs/going/events/follow', '/runs/going/logs/follow', '/jobs/a/logs/follow']) {
      const { status, headers } = await fetch(`${reached.server.url}${path}`, { method: 'HEAD' });
      expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    }
    const open = reached.client.stream('followRun', { path: { run: 'going' } });
    expect((await open.next()).value).toMatchObject({ event: 'event' });
    await open.return();
  });

  test('by one who takes nothing - is let go without an end before much is kept for it', async () => {
    const runs = new MemoryBackend();
    runs.set(running('going'));
    const event = { type: 'JobWaiting', job: 'work', message: 'x', atMs: 1, runId: 'going' } as const;
    const eager: ServedRuns = {
      ...servedRuns(runs),
      follow: (_, { sink, signal }) => {
        for (let i = 0; i < 100_000 && !signal.aborted; i++) sink.publish(event);
        return runs.read({ runId: 'going', where: 'here', verb: 'kt run', createdMs: 0, source: null });
      },
    };
    await using reached = await reach(eager);
    let told = 0;
    const rest = (async () => {
      for await (const { event: word } of reached.client.stream('followRun', { path: { run: 'going' } }))
        told += word === 'event' ? 1 : 0;
    })();
    await expect(rest).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    expect(told).toBeLessThanOrEqual(10_001);
  });

  test('of a server that ends - is let go without an end, so that it is followed elsewhere', async () => {
    const runs = new MemoryBackend();
    runs.set(running('going'));
    await using reached = await reach(servedRuns(runs));
    const open = reached.client.stream('followRun', { path: { run: 'going' }, retryForMs: 0 });
    await open.next();
    reached.opened.ending.abort();
    const rest = (async () => {
      for await (const told of open) expect(told.event).toBe('event');
    })();
    await expect(rest).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
  });

  test('logs of a run - that is over are told whole, and end', async () => {
    const runs = new MemoryBackend();
    runs.set(completed('done'), { lines: LINES });
    await using reached = await reach(servedRuns(runs));
    const told: LogLine[] = [];
    for await (const one of reached.backend.logs(await reached.backend.find('done'), { follow: true }))
      told.push(one);
    expect(told).toEqual(LINES);
  });
});
