/** Runs the built command line as a child process. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './sources.js';

/** How a command ended. */
export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** Runs `kt` with arguments in a folder, and waits for its end. */
export function kt(args: readonly string[], cwd: string, env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'packages/cli/bin/kt.js'), ...args], {
      cwd,
      env: { ...process.env, KT_STORE: '', DATA_DIR: '', NO_COLOR: '1', FORCE_COLOR: '0', ...env },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.once('error', reject);
    child.once('close', code => resolve({ code, out, err }));
  });
}
