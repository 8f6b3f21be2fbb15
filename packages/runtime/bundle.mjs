/**
 * Makes one file each of packages that bring many others, over what the compiler has made of the modules that pass
 * them on, so that whoever installs this package need not have them. Their licences go beside.
 */
import { builtinModules } from 'node:module';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { licences } from './licences.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
/** Modules that do nothing but pass on what is used of such packages. */
const MODULES = ['stores/s3/aws-sdk'];
/** What CommonJS finds around itself. */
const SURROUNDINGS =
  "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);";

const built = await build({
  absWorkingDir: here,
  entryPoints: MODULES.map(name => `src/${name}.ts`),
  outbase: 'src',
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  banner: { js: SURROUNDINGS },
});
for (const [file, { imports }] of Object.entries(built.metafile.outputs)) {
  const left = imports.filter(
    ({ path, external }) => external && !builtinModules.includes(path.replace(/^node:/, '')),
  );
  if (left.length > 0) throw new Error(`${file} still imports ${left.map(({ path }) => path).join(', ')}.`);
  // That of the compiler is of the file that was there before.
  await rm(join(here, `${file}.map`), { force: true });
}
await writeFile(join(here, 'dist/third-party-licenses.txt'), await licences([built], here));
