/**
 * Loads the packages outside a bundle, each in a process of its own: what is made for another platform may
 * end the process that loads it.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProbeReport } from '../kubernetes/manifests/probe-job.js';
import { OUTSIDE, outsideIn } from './bundle-index.js';
import { layOut, readPack } from './read-pack.js';

const LOADS_WITHIN_MS = 60_000;
const LOADER = 'await import(process.argv[2]);\nprocess.exit(0);\n';

/**
 * What is said when each package is loaded.
 *
 * @param dir of the bundle, packed or not.
 * @param scratch a folder that may be written to.
 */
export async function loadPackages(dir: string, scratch: string): Promise<ProbeReport['packages']> {
  const to = join(scratch, 'kt-probe');
  mkdirSync(to, { recursive: true });
  const pack = readPack(dir, readdirSync(dir));
  if (pack !== null) layOut(pack, to);
  else for (const name of [OUTSIDE, 'node_modules']) linkIfThere(join(dir, name), join(to, name));
  const outside = join(to, OUTSIDE);
  const { packages } = (existsSync(outside) ? outsideIn(readFileSync(outside)) : undefined) ?? {
    packages: [],
  };
  const loader = join(to, 'load.mjs');
  writeFileSync(loader, LOADER);
  const found: ProbeReport['packages'] = [];
  for (const { name } of packages) found.push({ name, problem: await loadProblem(loader, name) });
  return found;
}

function linkIfThere(from: string, to: string): void {
  if (existsSync(from)) symlinkSync(from, to);
}

/** What a process says that loads a package; null where it does. */
function loadProblem(loader: string, name: string): Promise<string | null> {
  // Controllers, whose file this is part of, do without.
  const { execFile } = process.getBuiltinModule('node:child_process');
  return new Promise(resolve => {
    execFile(process.execPath, [loader, name], { timeout: LOADS_WITHIN_MS }, (error, _, said) => {
      if (error === null) resolve(null);
      else if (error.signal != null) resolve(`the process that loads it was ended by ${error.signal}`);
      else
        resolve(
          /^\w*Error\b.*?: (.+)$/m.exec(said)?.[1] ??
            `the process that loads it ended with ${error.code ?? '?'}`,
        );
    });
  });
}
