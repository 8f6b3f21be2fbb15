/** A run of containers and functions that make files of files, and notes of what began. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KTJobInput } from '@kube-transform/sdk';
import type { TestCluster } from './cluster.js';
import type { GivenJob } from './submitted.js';

const image = process.env['KT_E2E_BUSYBOX'] ?? '';
const ITEM = { $ref: 'item#' };
const small = { memory: '32Mi', cpu: '10m', parallelism: 3 };

/** Notes that it began, works for a while, makes a file. */
const MAKES = `mkdir -p $DATA_DIR/did/extract $DATA_DIR/raw
[ -e "$DATA_DIR/$2" ] && was=again || was=first
echo $was > "$DATA_DIR/did/$1@$HOSTNAME"
sleep $4
printf %s "$3" > "$DATA_DIR/$2.part" && mv "$DATA_DIR/$2.part" "$DATA_DIR/$2"`;
const makes = (note: unknown, to: unknown, content: unknown, seconds: number): KTJobInput['container'] => ({
  image,
  command: ['sh', '-c', MAKES, 'sh', note, to, content, seconds] as never,
});
const at = (folder: string, name: unknown = ITEM): never => ({ $text: [`${folder}/`, name] }) as never;

/**
 * `header` (a function) and `extract` (containers), then `convert` (functions, each reads what one of the
 * containers made), then `joined` (a container).
 */
export const targetJobs = (names: readonly string[], seconds = 0): GivenJob[] => [
  {
    name: 'header',
    call: ['converts', { from: null, to: 'header', note: 'header' }],
    outputs: ['header'],
  },
  {
    ...{ name: 'extract', type: 'container', items: [...names], outputs: [at('raw')], ...small },
    container: makes(at('extract', ITEM), at('raw'), ITEM, seconds),
  },
  {
    ...{ name: 'convert', type: 'map', function: 'ends.converts', items: [...names], itemsPerPod: 3 },
    ...{ ...small, memory: '96Mi', dependencies: ['header', 'extract'] },
    args: { from: at('raw'), to: at('out'), note: at('convert', ITEM) },
    ...{ outputs: [at('out')], inputs: [at('raw')] },
  },
  {
    ...{ name: 'joined', type: 'container', dependencies: ['convert'], outputs: ['joined'], ...small },
    inputs: names.map(name => `out/${name}`),
    container: makes('joined', 'joined', names.join(), seconds),
  },
];

/** How often each item began, by `STEP/NAME`, and how often it did although its file was there. */
export async function notesOf({
  dir,
}: TestCluster): Promise<{ began: Map<string, number>; again: string[] }> {
  const began = new Map<string, number>();
  const again: string[] = [];
  const folder = join(dir, 'did');
  for (const path of await readdir(folder, { recursive: true }).catch(() => [])) {
    const [name = '', pod] = path.split('@');
    if (pod === undefined) continue;
    began.set(name, (began.get(name) ?? 0) + 1);
    if ((await readFile(join(folder, path), 'utf8')).trim() === 'again') again.push(path);
  }
  return { began, again };
}

/** What is in the files that were made. */
export async function madeIn({ dir }: TestCluster, names: readonly string[]): Promise<string[]> {
  const paths = ['header', ...names.flatMap(name => [`raw/${name}`, `out/${name}`]), 'joined'];
  return Promise.all(paths.map(path => readFile(join(dir, path), 'utf8').catch(() => 'none')));
}

/** What is to be in them. */
export const toBeMade = (names: readonly string[]): string[] => [
  'header',
  ...names.flatMap(name => [name, name.toUpperCase()]),
  names.join(),
];
