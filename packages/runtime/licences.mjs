/** The licences of packages that are built into files of ours; the command line's build uses it too. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The licences of all packages of which something is in what was built; paths are relative to `here`. */
export async function licences(builds, here) {
  const used = builds
    .flatMap(({ metafile }) => Object.values(metafile.outputs))
    .flatMap(({ inputs }) => Object.keys(inputs).filter(path => inputs[path].bytesInOutput > 0));
  const dirs = new Set(
    used.map(path => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]).filter(Boolean),
  );
  const texts = await Promise.all([...dirs].map(dir => licenceOf(join(here, dir))));
  return `What is in these files of other packages, and under which licence.\n\n${[...new Set(texts)].sort().join('\n')}`;
}

async function licenceOf(dir) {
  const { name, version, license, author } = JSON.parse(await readFile(join(dir, 'package.json'), 'utf8'));
  if (typeof license !== 'string') throw new Error(`${name} says no licence.`);
  const files = (await readdir(dir)).filter(file => /^(licen[cs]e|copying|notice)/i.test(file)).sort();
  const by = typeof author === 'object' ? author.name : author;
  const texts = await Promise.all(files.map(file => readFile(join(dir, file), 'utf8')));
  if (texts.length === 0) texts.push(`Comes without the text of its licence. By ${by ?? 'its authors'}.`);
  return `${'-'.repeat(80)}\n${name} ${version} (${license})\n\n${texts.map(text => text.trim()).join('\n\n')}\n`;
}
