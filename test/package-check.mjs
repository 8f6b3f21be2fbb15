/**
 * Packs each package and checks what would be published: publint, are-the-types-wrong, and that no test or
 * source is in it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

for (const name of ['sdk', 'runtime', 'cli']) {
  const dir = join(root, 'packages', name);
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: dir,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
  const strays = packed.files
    .map(({ path }) => path)
    .filter(path => !path.startsWith('templates/') && /\.test\.|^src\/|tsbuildinfo/.test(path));
  console.log(
    `${strays.length === 0 ? 'ok    ' : 'FAILED'} ${name}: ${packed.files.length} files, ${(packed.size / 1024).toFixed(0)} KiB packed${strays.length > 0 ? `; should not be there: ${strays.join(', ')}` : ''}`,
  );
  if (strays.length > 0) failed++;
  step(`${name}: publint`, bin('publint'), ['--strict', dir]);
  step(`${name}: are the types wrong`, bin('attw'), [join(folder, packed.filename), '--profile', 'esm-only']);
}
rmSync(folder, { recursive: true, force: true });
process.exit(failed === 0 ? 0 : 1);
