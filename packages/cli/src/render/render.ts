/** What `kt render` does: the objects of `kt deploy` as YAML, on the output or in files for Kustomize. */
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KtError } from '@kube-transform/sdk';
import { loadConfig } from '../project/load-config.js';
import { contextOf } from '../cluster/connect.js';
import { settingsOf } from '../cluster/run-settings.js';
import { chooseDelivery } from '../delivery/choose-delivery.js';
import type { ClusterOptions } from '../project/resolve-context.js';
import { type DeployPlan, planDeploy } from '../deploy/plan.js';
import { loadPipelines, type LoadedPipeline } from '../pipeline/load-pipeline.js';
import { type Output, plural, printText } from '../terminal/output.js';
import { projectAround } from '../project/project-dir.js';
import { baseFiles, overlayFiles, type RenderedFiles, yamlOf } from './kustomize.js';
import { staleFiles } from './stale-files.js';
import { shellWord } from '../terminal/plain-text.js';

/** How to render. */
export interface RenderOptions extends ClusterOptions {
  out?: string;
  check: boolean;
}

/** A context and what would be deployed there. */
interface Rendered {
  name: string;
  namespace: string;
  plan: DeployPlan;
}

/**
 * Renders; no cluster is asked. @throws KtError as `kt deploy` does, and `NO_NAMESPACE` where none is said.
 */
export async function render(
  names: readonly string[],
  { out, check, ...typed }: RenderOptions,
  output: Output,
): Promise<boolean> {
  const contexts = await contextsOf(typed, out !== undefined);
  const pipelines = await loadPipelines(names);
  const rendered: Rendered[] = [];
  for (const name of contexts)
    rendered.push(await renderContext(pipelines, { ...typed, context: name ?? typed.context }, output));
  if (out === undefined) {
    printText(output, yamlOf(rendered.flatMap(({ plan }) => plan.objects)).trimEnd());
    return true;
  }
  const base = new Map(rendered.flatMap(({ name, plan }) => [...baseFiles(name, plan)]));
  // Those of contexts that are not rendered now stay, unless all are: then they are of contexts that are
  // gone.
  const ours = typed.context === undefined ? ['base'] : rendered.map(({ name }) => `base/${name}`);
  if (check) return checkFiles(out, { base, ours }, output);
  for (const folder of ours) await rm(join(out, folder), { recursive: true, force: true });
  for (const [path, text] of base) await put(out, path, text);
  const made: string[] = [];
  for (const [path, text] of rendered.flatMap(({ name, namespace }) => [...overlayFiles(name, namespace)])) {
    if (existsSync(join(out, path))) continue;
    await put(out, path, text);
    made.push(path);
  }
  output.out(
    `Rendered ${plural(base.size, 'file')} to ${join(out, 'base')}${made.length === 0 ? '' : `, and made ${made.join(', ')}`}.`,
  );
  output.out(
    `  apply it: kubectl apply --server-side -k ${shellWord(join(out, 'overlays', rendered[0]?.name ?? ''))}`,
  );
  return true;
}

/** The contexts to render: the one that is named, else with files all of the configuration. */
async function contextsOf(typed: ClusterOptions, all: boolean): Promise<(string | null)[]> {
  if (typed.context !== undefined || !all) return [null];
  const found = await loadConfig(projectAround());
  const names = Object.keys(found?.config.contexts ?? {});
  return names.length === 0 ? [null] : names.sort();
}

async function renderContext(
  pipelines: readonly LoadedPipeline[],
  typed: ClusterOptions,
  output: Output,
): Promise<Rendered> {
  const { name, values } = await contextOf(typed, { last: false });
  const { namespace } = values;
  if (namespace === undefined) {
    throw new KtError({
      code: 'NO_NAMESPACE',
      path: '--namespace',
      message: 'What is rendered needs a namespace, and no cluster is asked for one.',
      hint: 'Give --namespace, or say it in kt.config.ts.',
    });
  }
  const settings = settingsOf(values, namespace);
  const delivery = chooseDelivery(values, { dryRun: true, progress: text => output.err(text) });
  const plan = await planDeploy(pipelines, { context: values, settings, delivery });
  return { name: name ?? 'default', namespace, plan };
}

/** Says which files on disk are not what would be rendered; true where all are. */
async function checkFiles(
  out: string,
  { base, ours }: { base: RenderedFiles; ours: readonly string[] },
  output: Output,
): Promise<boolean> {
  const stale = await staleFiles(out, { files: base, ours });
  for (const path of stale) output.out(`stale: ${join(out, path)}`);
  output.out(
    stale.length === 0
      ? 'All files are as they would be rendered.'
      : 'Render them anew: kt render --out ' + out,
  );
  return stale.length === 0;
}

async function put(out: string, path: string, text: string): Promise<void> {
  await mkdir(dirname(join(out, path)), { recursive: true });
  await writeFile(join(out, path), text);
}
