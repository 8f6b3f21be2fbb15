/** A DAG that grows while it runs: a step spawns jobs that spawn jobs, down to leaves that write a file. */
import { each, ktFunction, pipeline, type SpawnResult } from '@kube-transform/sdk';
import * as z from 'zod';

const Params = z.object({
  depth: z.number().int().min(1).max(4).default(2).describe('Levels of spawned jobs'),
  width: z.number().int().min(1).max(20).default(3).describe('Jobs or leaves spawned by each job'),
  out: z.string().default('out/grow').describe('Directory for the files of the leaves'),
});
const Branch = Params.extend({ path: z.string() });

/** Spawns `width` branches, or leaves on the last level. */
export const branch = ktFunction(
  { name: 'grow.branch', input: Branch },
  ({ depth, width, out, path }, { log }): SpawnResult => {
    log.info('growing', { path, depth });
    const below = Array.from({ length: width }, (_, i) => `${path}-${i}`);
    if (depth === 1)
      return pipeline('leaves').map(`leaves-${path}`, leaf, () => each(below, to => ({ out, path: to })));
    return below.map(to => ({
      type: 'dynamic',
      name: `branch-${to}`,
      function: 'grow.branch',
      args: { depth: depth - 1, width, out, path: to },
    }));
  },
);

/** Writes one file into the directory of this run. */
export const leaf = ktFunction(
  { name: 'grow.leaf', input: Branch.pick({ out: true, path: true }) },
  async ({ out, path }, { files, runId }) => {
    const file = files.join(out, runId, `${path}.txt`);
    await files.write(file, `${path}\n`);
    return file;
  },
);

/** Counts what the leaves of this run wrote. */
export const collect = ktFunction({ input: Params }, async ({ depth, width, out }, { files, runId }) => {
  const written = await files.glob(files.join(out, runId, '*.txt'));
  const paths = await Promise.all(written.map(async file => (await files.readText(file)).trim()));
  return {
    leaves: paths.length,
    expected: width ** depth,
    first: paths[0] ?? null,
    last: paths.at(-1) ?? null,
  };
});

export default pipeline('grow', { params: Params })
  .dynamic('trunk', branch, ({ params: { depth, width, out } }) => ({ depth, width, out, path: '0' }))
  .job('collect', collect, ({ params: { depth, width, out } }) => ({ depth, width, out }), {
    after: ['trunk'],
  });
