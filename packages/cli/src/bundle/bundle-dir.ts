/** The folder here of the bundle that a run in a cluster was made with, which has the source maps. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RunConfig } from '@kube-transform/runtime/kubernetes';
import { projectAround, projectDir } from '../project/project-dir.js';

/** The folder of a run's bundle; null where it was made elsewhere, or has been deleted. */
export function bundleDirOf(
  { digest, source }: Pick<RunConfig, 'digest' | 'source'>,
  cwd = process.cwd(),
): string | null {
  const files = [
    ...(source?.pipeline == null ? [] : [source.pipeline.split('#')[0] ?? '']),
    ...(source?.functions ?? []),
  ];
  const projects = [...files.map(file => projectDir(resolve(cwd, file))), projectAround(cwd)];
  return projects.map(dir => join(dir, '.kt', 'bundles', digest)).find(dir => existsSync(dir)) ?? null;
}
