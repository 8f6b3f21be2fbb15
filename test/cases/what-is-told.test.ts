/** What a function throws, logs and returns, as people see it: by `kt run`, `kt status` and `kt logs`. */
import { describe, expect, test } from 'vitest';
import { type Ended, kt, project, runKt } from '../kit/kt.js';

const HEAD = `import { each, type KtContext, ktFunction, pipeline } from '@kube-transform/sdk';
`;

/** Runs a pipeline in a project of its own; `ask` runs further commands there. */
async function go(
  text: string,
  ...args: string[]
): Promise<Ended & { ask: (...args: string[]) => Promise<string> }> {
  const dir = await project({ 'p.ts': HEAD + text });
  const ended = await kt(dir, ['run', 'p.ts', '--store', 'file:s', ...args]);
  const ask = async (...more: string[]): Promise<string> => {
    const { out, err } = await runKt(dir, [...more, '--store', 'file:s']);
    return out + err;
  };
  return { ...ended, ask };
}

describe.each(['in-process', 'processes'])('%s', executor => {
  test('what is thrown - is a failed attempt, tried again and told; other steps go on', async () => {
    const { code, out, ask } = await go(
      `export const thrower = ktFunction({ retries: 1, backoff: { initial: '1ms' } }, ({ what }: { what: string }): number => {
        const response: Record<string, unknown> = { status: 503 };
        response['request'] = { response };
        if (what === 'circular') throw response;
        if (what === 'bigint') throw 10n;
        if (what === 'symbol') throw Symbol('gone');
        if (what === 'text') throw 'plain text';
        throw Object.assign(new Error('with a code'), { code: 10n });
      });
      export const other = ktFunction(() => 1);
      export default pipeline('p')
        .map('t', thrower, () => each(['circular', 'bigint', 'symbol', 'text', 'code'], what => ({ what })))
        .job('other', other);`,
      ...['--executor', executor],
    );
    expect(code).toBe(1);
    const told = ['[object with status, request]', '10n', 'Symbol(gone)', 'plain text', 'with a code'];
    const status = await ask('status', 'latest');
    for (const [item, words] of told.entries()) {
      expect(out.split('\n').find(line => line.startsWith(`t[${item}]: attempt 1 failed`))).toContain(words);
      expect(status).toContain(words);
    }
    expect(status).toMatch(/✓ Completed +other/);
  });

  test('what is logged - is written as well as it can be', async () => {
    const { code, ask } = await go(
      `export const logger = ktFunction((_: object, { log }: KtContext) => {
        const socket: Record<string, unknown> = { host: 'db' };
        socket['self'] = socket;
        log.info('connected', socket);
        log.info('rows', { count: 10n });
        log.error('failed', { error: new Error('no route to host'), seen: new Map([['a', 1]]) });
        log.error(new Error('no way home') as unknown as string);
      });
      export default pipeline('p').job('t', logger);`,
      ...['--executor', executor],
    );
    expect(code).toBe(0);
    const logged = await ask('logs', 'latest');
    expect(logged).toContain('connected {"host":"db","self":"[Circular]"}');
    expect(logged).toContain('rows {"count":"10n"}');
    expect(logged).toMatch(/"message":"no route to host","stack":"Error: no route.*"seen":\[\["a",1\]\]/);
    expect(logged).toContain('no way home {"name":"Error","message":"no way home","stack":"Error: no way');
  });
});

test.each(['in-process', 'processes'])(
  'what is logged when a function has returned, %s - is kept',
  async executor => {
    const { code, ask } = await go(
      `export const early = ktFunction((_: object, { log }: KtContext) => {
      setTimeout(() => { log.info('logged late'); console.log('printed late'); }, 50);
      return 1;
    });
    export default pipeline('p').job('early', early);`,
      ...['--executor', executor],
    );
    expect(code).toBe(0);
    const logged = await ask('logs', 'latest');
    expect(logged).toContain('logged late');
    expect(logged).toContain('printed late');
  },
);

test('--json - is events and nothing else, whatever modules and their processes print', async () => {
  const { code, out, err } = await go(
    `import { execFileSync, execSync, fork, spawn, spawnSync } from 'node:child_process';
    import { once } from 'node:events';
    import { writeFileSync } from 'node:fs';
    console.log('loading the configuration …');
    process.stdout.write('past the console\\n');
    export const one = ktFunction(async () => {
      execSync('echo from execSync', { stdio: 'inherit' });
      execFileSync('echo', ['from execFileSync'], { stdio: ['ignore', 'inherit', 'inherit'] });
      spawnSync('echo', ['from spawnSync'], { stdio: [0, 1, 2] });
      await once(spawn('echo', ['from spawn'], { stdio: ['ignore', process.stdout, 'ignore'] }), 'close');
      writeFileSync('child.cjs', "console.log('from fork')");
      await once(fork('child.cjs'), 'close');
      return 1;
    });
    export default pipeline('p').job('one', one);`,
    '--json',
  );
  expect(code).toBe(0);
  const types = out
    .trim()
    .split('\n')
    .map(line => (JSON.parse(line) as { type: string }).type);
  expect(types[0]).toBe('RunStarted');
  expect(types.at(-1)).toBe('RunFinished');
  const printed = ['loading the configuration …', 'past the console', 'from execSync', 'from execFileSync'];
  for (const text of [...printed, 'from spawnSync', 'from spawn\n', 'from fork']) expect(err).toContain(text);
});

test('what caused an error - is told wherever the error is', async () => {
  const { code, out, ask } = await go(
    `export const load = ktFunction((): number => {
      try {
        throw new Error('connect ECONNREFUSED 10.0.0.7:5432');
      } catch (cause) {
        throw new Error('query failed', { cause });
      }
    });
    export default pipeline('p').job('load', load);`,
  );
  expect(code).toBe(1);
  for (const text of [out, await ask('status', 'latest'), await ask('logs', 'latest', '--failed')])
    expect(text).toContain('connect ECONNREFUSED 10.0.0.7:5432');
});

test('a path of `outputs` that is none - fails its item, and maxFailed holds', async () => {
  const { code, out, ask } = await go(
    `export const write = ktFunction(async ({ name }: { name: string }, { files }: KtContext) => {
      await files.write(name, name);
      return name;
    });
    export default pipeline('p').map('write', write, () => each(['a.txt', '/etc/b.txt', 'c.txt'], name => ({ name })), {
      outputs: name => [name],
      maxFailed: 1,
    });`,
  );
  expect(out).toMatch(/write\[1\]: failed.*BAD_PATH.*"\/etc\/b\.txt" is absolute/);
  expect(code).toBe(0);
  expect(await ask('status', 'latest')).toMatch(/✓ Completed +write +3\/3 items +1 failed/);
});

test('a module that throws where it is at work - fails the item, with what it says and where', async () => {
  const { code, out, err, ask } = await go(
    `if (process.argv[1]?.endsWith('worker.mjs')) throw new Error('DATABASE_URL is not set');
    export const one = ktFunction({ retries: 1, backoff: { initial: '1ms' } }, () => 1);
    export default pipeline('p').job('one', one);`,
    ...['--executor', 'processes'],
  );
  expect(code).toBe(1);
  expect(out + err).toContain('The module "p" throws when it is loaded: DATABASE_URL is not set');
  expect(out + err).toContain('attempt 1 failed');
  expect(await ask('status', 'latest')).toContain('p.ts:2');
});
