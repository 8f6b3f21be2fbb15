/** What `kt deploy` does: has the code bundled, and meanwhile loads what brings it into a cluster. */
import { loadPipelines } from '../pipeline/load-pipeline.js';
import type { Output } from '../terminal/output.js';
import type { DeployOptions } from './deploy-to.js';

/**
 * Deploys pipelines; all of the project where none is named.
 *
 * @throws KtError whatever is wrong with them, `PREFLIGHT_FAILED` with what would keep this or runs from
 * working before anything is applied, and what the cluster refuses.
 */
export async function deploy(
  names: readonly string[],
  options: DeployOptions,
  output: Output,
): Promise<void> {
  const loading = loadPipelines(names);
  const loaded = loading.catch(() => undefined);
  try {
    const { deployTo } = await import('./deploy-to.js');
    await deployTo(loading, { ...options, isWhole: names.length === 0, output });
  } finally {
    // It does not go on behind an error.
    await loaded;
  }
}
