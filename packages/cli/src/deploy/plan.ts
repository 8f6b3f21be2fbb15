/**
 * What a deployment consists of: the pipelines of the project as versions, and the objects that they need.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { KtError } from '@kube-transform/sdk';
import { accessObjects, type DeployedVersion, type KubeObject } from '@kube-transform/runtime/kubernetes';
import { settingsOf, stepDefaults } from '../cluster/run-settings.js';
import type { ClusterOptions } from '../project/resolve-context.js';
import { pipelinesOf } from '../bundle/load-modules.js';
import { pipelineNames } from '../project/pipeline-names.js';
import { projectDir } from '../project/project-dir.js';
import { findFile, loadBundle, loadTarget, type Target } from '../pipeline/load-pipeline.js';
import { claimObjects } from './claim-object.js';
import { type Delivered, deliver, type DeliverOptions } from '../delivery/deliver.js';
import { pipelineObjects } from './deploy-objects.js';
import { makeVersion } from './make-version.js';

/** What is to be deployed. */
export interface DeployPlan {
  project: string;
  delivered: Delivered[];
  versions: DeployedVersion[];
  /** In the order in which they are applied. */
  objects: KubeObject[];
}

/**
 * Plans the deployment of pipelines, by default of all in `pipelines/`.
 *
 * @throws KtError `NOTHING_TO_DEPLOY`, `DUPLICATE_PIPELINE`, and whatever is wrong with a pipeline or the
 * context.
 */
export async function planDeploy(
  names: readonly string[],
  {
    options,
    namespace,
    ...how
  }: { options: ClusterOptions; namespace: string } & Pick<DeliverOptions, 'dryRun' | 'progress'>,
): Promise<DeployPlan> {
  const settings = settingsOf(options, namespace);
  const dir = projectDir(join(process.cwd(), 'x'));
  const project = await projectName(dir);
  const versions: DeployedVersion[] = [];
  const bundles = new Map<string, Delivered>();
  for (const target of await targetsOf(names)) {
    if (target.bundle === null) throw noFunctions(target);
    const { digest } = target.bundle;
    const delivered = bundles.get(digest) ?? (await deliver(target.bundle, { options, settings, ...how }));
    bundles.set(digest, delivered);
    versions.push(
      await makeVersion(target, {
        settings: delivered.settings,
        published: delivered.published,
        defaults: stepDefaults(options),
      }),
    );
  }
  const [twice] = versions.map(({ pipeline }) => pipeline).filter((name, i, all) => all.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new KtError({
      code: 'DUPLICATE_PIPELINE',
      path: twice,
      message: `Two pipelines are called "${twice}".`,
      hint: 'Rename one of them.',
    });
  }
  const access = accessObjects({ namespace, serviceAccount: settings.serviceAccount });
  const objects = [
    ...access,
    ...claimObjects(options, settings),
    ...[...bundles.values()].flatMap(({ objects }) => objects),
    ...versions.flatMap(version => pipelineObjects(version, { project, namespace })),
  ];
  return { project, versions, objects, delivered: [...bundles.values()] };
}

/** The pipelines that are meant: each one that a module exports, where only the module is named. */
async function targetsOf(names: readonly string[]): Promise<Target[]> {
  const all = names.length === 0;
  const targets: Target[] = [];
  for (const name of all ? await pipelineNames(process.cwd()) : names) {
    if (name.includes('#')) targets.push(await loadTarget(name));
    else targets.push(...(await targetsOfModule(name, all)));
  }
  if (targets.length > 0) return targets;
  throw new KtError({
    code: 'NOTHING_TO_DEPLOY',
    path: relative(process.cwd(), join(process.cwd(), 'pipelines')),
    message: 'There are no pipelines here.',
    hint: 'Run it in the folder of a project, which has pipelines in pipelines/; or name one: kt deploy path/file.ts.',
  });
}

/** @param mayBeNone the module was not named: one of helpers is none of ours. */
async function targetsOfModule(name: string, mayBeNone: boolean): Promise<Target[]> {
  const file = await findFile(name);
  const path = relative(process.cwd(), file);
  if (file.endsWith('.json')) return [await loadTarget(path)];
  const { bundle, modules, catalog } = await loadBundle([file], projectDir(file));
  const found = Object.values(modules).flatMap(pipelinesOf);
  if (found.length === 0) return mayBeNone ? [] : [await loadTarget(path)];
  return found.map(pipeline => {
    const source = {
      pipeline: found.length === 1 ? path : `${path}#${pipeline.name}`,
      functions: [],
      digest: bundle.digest,
    };
    return { pipeline, modules, bundle, catalog, source };
  });
}

/** A project is called as its package is. */
async function projectName(dir: string): Promise<string> {
  const file = join(dir, 'package.json');
  const { name } = existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as { name?: string }) : {};
  return name ?? basename(dir);
}

const noFunctions = ({ pipeline }: Target): KtError =>
  new KtError({
    code: 'NO_FUNCTIONS',
    path: pipeline.name,
    message: `The document "${pipeline.name}" comes without functions, and only pipelines of modules are deployed.`,
    hint: 'Submit it with its functions: kt submit spec.json --functions MODULE.',
  });
