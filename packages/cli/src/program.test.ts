import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../../test/kit/backends/memory-backend.js';
import { ktOn } from '../../../test/kit/backends/kt-on.js';
import { read, root } from '../../../test/kit/sources.js';

/** What a module loads before anything runs: imports that are neither types nor made when needed. */
function loadedBy(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const [, what = '', from = ''] of read(path).matchAll(/^(?:import|export) ([^;]*?)from '([^']+)'/gm)) {
    const names = /^\{([\s\S]*)\}/
      .exec(what)?.[1]
      ?.split(',')
      .filter(name => name.trim() !== '');
    if (what.startsWith('type ') || names?.every(name => name.trim().startsWith('type ')) === true) continue;
    if (from.startsWith('.')) loadedBy(join(dirname(path), from).replace(/\.js$/, '.ts'), seen);
    else seen.add(from);
  }
  return seen;
}

describe('runCli', () => {
  test('RC1: before a command runs, nothing is loaded but commands and what reads their options', () => {
    const loaded = [...loadedBy('packages/cli/src/program.ts')];
    const isFile = (name: string): boolean => existsSync(join(root, name));
    const files = loaded.filter(isFile);
    const packages = loaded.filter(name => !isFile(name));
    expect(files.length).toBeGreaterThan(20);
    expect([...new Set(files.map(file => dirname(file)))].sort()).toEqual([
      ...['packages/cli/src', 'packages/cli/src/commands', 'packages/cli/src/terminal'],
    ]);
    expect(packages.filter(name => !name.startsWith('node:'))).toEqual(['commander']);
  });

  test('RC2: text goes to the output, the exit code is returned, and the process stays as it is', async () => {
    const before = [process.exitCode, process.listenerCount('SIGINT'), process.cwd()];
    const [help, version, none, unknown] = await Promise.all([
      ktOn(new MemoryBackend(), ['--help']),
      ktOn(new MemoryBackend(), ['--version']),
      ktOn(new MemoryBackend(), []),
      ktOn(new MemoryBackend(), ['stats']),
    ]);
    expect(help.out).toMatch(/^Usage: kt [\s\S]*\n {2}status .*\n[\s\S]*Exit codes: 0 completed/);
    expect(version.out).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(unknown.err).toMatch(/^error UNKNOWN_COMMAND {2}kt: .*Did you mean "status"/);
    expect([help.code, version.code, none.code, unknown.code]).toEqual([0, 0, 2, 2]);
    expect([process.exitCode, process.listenerCount('SIGINT'), process.cwd()]).toEqual(before);
  });
});
