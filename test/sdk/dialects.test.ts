/**
 * One example file, under every compiler and in both decorator dialects. The packages must have been built
 * (`tsc -b`).
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { testRun } from '@kube-transform/runtime/testing';
import { reflectFunctions } from '@kube-transform/sdk/reflect';
import { build } from 'esbuild';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeBundle } from '../../packages/cli/src/bundle/make-bundle.js';
import { nameExports } from '../../packages/sdk/src/index.js';
import * as example from '../fixtures/dialects/example.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FIXTURE = join(ROOT, 'test/fixtures/dialects');
const NAMES = ['example.Greeter.greet', 'example.Greeter.join', 'example.Greeter.list', 'example.wrapped'];
const RAN = {
  names: NAMES,
  jobs: ['example.Greeter.list', 'example.Greeter.greet', 'example.Greeter.join', 'example.wrapped'],
  status: 'Completed',
  text: '0 HELLO ADA! AND 1 HELLO GRACE!',
};
const LISTED = [
  ['list', true, 0],
  ['join', true, 0],
  ['greet', false, 1],
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kt-dialects-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A project of its own: the example, a tsconfig.json and the packages. */
async function project(name: string, legacy: boolean): Promise<string> {
  const dir = join(folder, name);
  await mkdir(dir);
  await cp(FIXTURE, dir, { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  await writeFile(join(dir, 'package.json'), '{ "type": "module" }');
  const compilerOptions = {
    target: 'es2022',
    module: 'nodenext',
    strict: true,
    skipLibCheck: true,
    types: [],
    experimentalDecorators: legacy,
  };
  await writeFile(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['example.ts'] }));
  return dir;
}

async function node(...args: string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder });
  return JSON.parse(stdout);
}

/** Files of packages, read once. */
const packageFiles = new Map<string, ts.SourceFile | undefined>();

function tsc(dir: string): void {
  const { options, fileNames } =
    ts.getParsedCommandLineOfConfigFile(
      join(dir, 'tsconfig.json'),
      {},
      { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined },
    ) ?? expect.unreachable('no tsconfig.json');
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, language) => {
    if (name.startsWith(dir)) return read(name, language);
    if (!packageFiles.has(name)) packageFiles.set(name, read(name, language));
    return packageFiles.get(name);
  };
  const program = ts.createProgram(fileNames, options, host);
  const messages = [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics].map(
    ({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'),
  );
  expect(messages).toEqual([]);
}

const esbuild = (dir: string, legacy: boolean, minify: boolean): Promise<unknown> =>
  build({
    entryPoints: [join(dir, 'example.ts')],
    outdir: dir,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minify,
    logLevel: 'silent',
    tsconfigRaw: { compilerOptions: { experimentalDecorators: legacy } },
  });

describe.each([
  ['legacy', true],
  ['tc39', false],
] as const)('the %s dialect', (dialect, legacy) => {
  test('compiled by tsc: metadata, names and a run', async () => {
    const dir = await project(`tsc-${dialect}`, legacy);
    tsc(dir);
    expect(await node(join(dir, 'run.mjs'))).toEqual(RAN);
    expect(await node(join(dir, 'reflect.mjs'))).toEqual({
      before: LISTED,
      after: LISTED,
      metadata: ['object', 'object'],
    });
  });

  test.each([false, true])('compiled by esbuild, minified: %s', async minify => {
    const dir = await project(`esbuild-${dialect}-${minify}`, legacy);
    await esbuild(dir, legacy, minify);
    expect(await node(join(dir, 'run.mjs'))).toEqual(RAN);
    expect(await node(join(dir, 'reflect.mjs'))).toEqual({
      before: LISTED,
      after: LISTED,
      metadata: ['object', 'object'],
    });
  });

  test('in the bundle that `kt` makes, minified, run with another copy of the SDK', async () => {
    const dir = await project(`bundle-${dialect}`, legacy);
    const bundle = await makeBundle({ entries: [join(dir, 'example.ts')], projectDir: dir });
    expect(bundle.entries).toEqual(['example']);
    expect(await node(join(dir, 'run-bundle.mjs'), bundle.dir)).toEqual(RAN);
  });
});

describe('the example, in vitest', () => {
  test('runs as it is', async () => {
    expect([...nameExports('example', example).keys()].sort()).toEqual(NAMES);
    const run = await testRun(example.default, { params: { names: 'Ada' } });
    expect(run.statuses).toEqual({
      list: 'Completed',
      greet: 'Completed',
      join: 'Completed',
      shout: 'Completed',
    });
    expect(run.result('shout')).toBe('0 HELLO ADA!');
  });

  test('lists its class', () => {
    expect(
      reflectFunctions(example.Greeter).map(({ member, static: isStatic, options }) => [
        member,
        isStatic,
        options.retries ?? 0,
      ]),
    ).toEqual(LISTED);
  });
});
