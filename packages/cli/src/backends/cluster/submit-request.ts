/** From what was typed for `kt submit` to a run in the cluster: a new one, or one that goes on. */
import type { KubeApi } from '@kube-transform/runtime/kubernetes';
import { remember } from '../../cluster/last-cluster.js';
import { settingsOf, contextDefaults } from '../../cluster/run-settings.js';
import { chooseDelivery } from '../../delivery/choose-delivery.js';
import { makeRun, type RunRequest } from '../../pipeline/make-run.js';
import { imageNote } from '../../project/container-image.js';
import type { ClusterOptions, ResolvedContext } from '../../project/resolve-context.js';
import type { StartedRun } from '../backend.js';
import { forcesNothing } from '../refusals.js';
import { resumeRun } from './resume-run.js';
import { findDeployed, submitDeployed } from './submit-deployed.js';
import { type PublishedRun, startedRun, submitRun } from './submit-run.js';

/** What may be typed for `kt submit` beside the pipeline. */
export interface SubmitTyped extends ClusterOptions {
  resume?: string;
  steal: boolean;
  /** A deployed version. */
  version?: string;
  /** Take the source here, whatever is deployed. */
  source: boolean;
}

/** How a run is submitted. */
interface Submission {
  typed: SubmitTyped;
  /** What holds for the cluster. */
  options: ClusterOptions;
  /** Where each part of that comes from. */
  from: ResolvedContext['from'];
  /** Told how the bundle gets to pods, where that takes long. */
  note: (text: string) => void;
}

/** Submits a run, or goes on with one. @throws KtError for every mistake in what was typed. */
export async function submitRequest(
  api: KubeApi,
  request: RunRequest,
  submission: Submission,
): Promise<StartedRun> {
  const { resume, steal } = submission.typed;
  if (resume !== undefined && request.force !== undefined) throw forcesNothing(resume);
  if (resume !== undefined) return startedRun(api, await resumeRun(api, resume, { steal }));
  const published = await submitNew(api, request, submission);
  await remember(submission.options, api);
  return startedRun(api, published);
}

async function submitNew(
  api: KubeApi,
  request: RunRequest,
  { typed, options, from, note }: Submission,
): Promise<PublishedRun> {
  const deployed = await findDeployed(api, request, typed);
  if (deployed !== null) return submitDeployed(api, request, { deployed, typed });
  const { containerImage: image } = options;
  const containerImage = (): Promise<string | undefined> => {
    if (image !== undefined) note(imageNote({ image, from: from.containerImage ?? '' }));
    return Promise.resolve(image);
  };
  const { record, loaded } = await makeRun(
    { ...request, containerImage, defaults: contextDefaults(options) },
    'kt submit',
  );
  const settings = settingsOf(options, api.namespace);
  const delivery = chooseDelivery(options, { api, progress: note });
  return submitRun(api, { record, bundle: loaded.bundle, settings, delivery });
}
