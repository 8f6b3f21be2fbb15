/**
 * Packs each package and checks what would be published: publint, are-the-types-wrong, that its licence, its
 * README and the sources of its maps are in it, and no test.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = name => join(root, 'node_modules/.bin', name);
const folder = mkdtempSync(join(tmpdir(), 'kt-pack-'));
let failed = 0;

function step(name, command, args, options = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8', ...options });
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name}`);
  if (status !== 0) {
    failed++;
    console.log(`${stdout}\n${stderr}`);
  }
}

function report(name, wrong) {
  console.log(`${wrong.length === 0 ? 'ok    ' : 'FAILED'} ${name}`);
  for (const line of wrong) console.log(`       ${line}`);
  if (wrong.length > 0) failed++;
}

/** What belongs into every package, and is not there. */
function missing(dir, files) {
  const lacking = ['LICENSE', 'README.md'].filter(name => !files.has(name)).map(name => `${name} is missing`);
  if (lacking.length > 0) return lacking;
  const same = readFileSync(join(dir, 'LICENSE'), 'utf8') === readFileSync(join(root, 'LICENSE'), 'utf8');
  return same ? [] : ['LICENSE is not the one of the repository'];
}

/** Maps that lead nowhere: so do those of a source that is gone, whose output still lies in dist. */
function lostMaps(dir, files) {
  const lost = [];
  for (const path of files) {
    if (!path.endsWith('.map')) continue;
    const { sources, sourcesContent } = JSON.parse(readFileSync(join(dir, path), 'utf8'));
    const gone = sources.filter(
      (source, i) => sourcesContent?.[i] == null && !files.has(posix.join(posix.dirname(path), source)),
    );
    if (gone.length > 0)
      lost.push(`${path} names ${gone.join(', ')}, which is not packed; rm -r dist and npm run build?`);
  }
  return lost;
}

for (const name of ['sdk', 'runtime', 'cli']) {
  const dir = join(root, 'packages', name);
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: dir,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
  const files = new Set(packed.files.map(({ path }) => path));
  console.log(`       ${name}: ${files.size} files, ${(packed.size / 1024).toFixed(0)} KiB packed`);
  const strays = [...files].filter(
    path => !path.startsWith('templates/') && /\.test\.|\.test-d\.|tsbuildinfo|tsconfig/.test(path),
  );
  report(`${name}: nothing is packed that only we need`, strays);
  report(`${name}: the licence and a README`, missing(dir, files));
  report(`${name}: maps lead to sources`, lostMaps(dir, files));
  step(`${name}: publint`, bin('publint'), ['--strict', dir]);
  step(`${name}: are the types wrong`, bin('attw'), [join(folder, packed.filename), '--profile', 'esm-only']);
}
rmSync(folder, { recursive: true, force: true });
process.exit(failed === 0 ? 0 : 1);
