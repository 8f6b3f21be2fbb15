/** The folder here of the bundle that a run was made with, which has the source maps. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RunRecord } from '@kube-transform/runtime';
import { projectAround, projectDir } from './project-dir.js';

/** The folder of a run's bundle; null where it was made elsewhere, or has been deleted. */
export function bundleDirOf(source: RunRecord['source'], cwd = process.cwd()): string | null {
  if (source === null) return null;
  const { pipeline, functions, digest } = source;
  const files = [...(pipeline === null ? [] : [pipeline.split('#')[0] ?? '']), ...functions];
  const projects = [...files.map(file => projectDir(resolve(cwd, file))), projectAround(cwd)];
  return projects.map(dir => join(dir, '.kt', 'bundles', digest)).find(dir => existsSync(dir)) ?? null;
}
