import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const session = new URL('../../dist/views/cluster-session.js', import.meta.url).href;

/** What a process prints that is interrupted in the midst of some work. */
function interrupted(work: string): { out: string; code: number | null } {
  const script = `import { untilInterrupted } from ${JSON.stringify(session)};
    const alive = setInterval(() => {}, 1000);
    setImmediate(() => process.kill(process.pid, 'SIGINT'));
    const ended = signal => new Promise(resolve => signal.addEventListener('abort', resolve));
    console.log(JSON.stringify(await untilInterrupted(${work})));
    clearInterval(alive);`;
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  return { out: stdout, code: status };
}

test('work that ends when it is interrupted keeps its result', () => {
  expect(interrupted('async signal => { await ended(signal); return 7; }')).toEqual({
    out: '{"left":true,"result":7}\n',
    code: 0,
  });
});

test('work that breaks off when it is interrupted is no bug', () => {
  const work = 'async signal => { await ended(signal); throw signal.reason; }';
  expect(interrupted(work)).toEqual({ out: '{"left":true}\n', code: 0 });
});

test('what fails by itself fails', () => {
  expect(interrupted('async () => { throw new Error("x"); }')).toMatchObject({ out: '', code: 1 });
});
