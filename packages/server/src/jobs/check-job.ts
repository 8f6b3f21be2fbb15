/** Whether what a template gave may be made. Pure. */
import {
  fits,
  list,
  object,
  optional,
  record,
  type Shape,
  table,
  text,
  whole,
} from '@kube-transform/runtime/internal';
import { KtError, type Problem } from '@kube-transform/sdk';
import type { JobContainer, JobObject } from './job-object.js';
import { type PlaceLimits, wrongPlaces } from './queues.js';

/** What Jobs may be. */
export interface JobLimits extends PlaceLimits {
  /** The one namespace in which Jobs are made. */
  namespace: string;
  /** Images that may be used; `*` stands for any signs. Default: all. */
  images?: readonly string[] | undefined;
  /** Service accounts that pods may have; without one they have `default`. Default: all. */
  serviceAccounts?: readonly string[] | undefined;
}

const CONTAINERS = list(record<object>({ name: optional(text), image: optional(text) }));
const POD = record<object>({
  containers: CONTAINERS,
  initContainers: optional(CONTAINERS),
  serviceAccountName: optional(text),
  serviceAccount: optional(text),
});
const TEXTS = optional(table(text));
const JOB: Shape<JobObject> = whole(
  record<object>({
    apiVersion: text,
    kind: text,
    metadata: record<object>({ name: text, namespace: optional(text), labels: TEXTS, annotations: TEXTS }),
    spec: record<object>({ template: record<object>({ metadata: optional(object), spec: POD }) }),
  }),
);

/** A copy of a value without members that are null: to Kubernetes those are not there. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([key, member]) => [key, withoutNulls(member)]));
}

/** The Job that a template gave. @throws KtError `NOT_A_JOB`, `JOB_NOT_ALLOWED` */
export function checkJob(given: unknown, limits: JobLimits): JobObject {
  const bare = withoutNulls(given);
  const job = fits(JOB, bare);
  if (job === undefined || job.apiVersion !== 'batch/v1' || job.kind !== 'Job') throw notAJob(bare);
  if ('generateName' in job.metadata)
    throw notAJob(bare, 'it has metadata.generateName: give metadata.name, which is made unique here');
  checkLimits(job, limits);
  const { status: _, ...rest } = job;
  return rest;
}

/** Whether a Job is within the limits. @throws KtError `JOB_NOT_ALLOWED` */
export function checkLimits(job: JobObject, limits: JobLimits): void {
  const wrong = [wrongPlace, wrongImages, wrongAccount, wrongPlaces];
  const problems = wrong.flatMap(find => find(job, limits));
  if (problems.length > 0) throw new KtError(problems);
}

function notAJob(given: unknown, why?: string): KtError {
  const { apiVersion, kind } = (typeof given === 'object' && given !== null ? given : {}) as Record<
    string,
    unknown
  >;
  const isOne = apiVersion === 'batch/v1' && kind === 'Job';
  const seen = isOne
    ? 'metadata.name and spec.template.spec.containers are needed, and names, images and labels are text'
    : `it is ${JSON.stringify([apiVersion ?? null, kind ?? null])}`;
  const message = `The template gives no Job of batch/v1: ${why ?? seen}.`;
  return new KtError({ code: 'NOT_A_JOB', path: '', message });
}

const notAllowed = (path: string, message: string): Problem => ({ code: 'JOB_NOT_ALLOWED', path, message });

function wrongPlace({ metadata }: JobObject, { namespace }: JobLimits): Problem[] {
  if (metadata.namespace === undefined || metadata.namespace === namespace) return [];
  return [
    notAllowed(
      'metadata.namespace',
      `Jobs are made in namespace "${namespace}" only, and this would be in "${metadata.namespace}".`,
    ),
  ];
}

function wrongImages({ spec }: JobObject, { images }: JobLimits): Problem[] {
  if (images === undefined) return [];
  const patterns = images.map(
    image =>
      new RegExp(
        `^${image
          .split('*')
          .map(part => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
          .join('.*')}$`,
      ),
  );
  const kinds = ['initContainers', 'containers', 'ephemeralContainers'] as const;
  return kinds
    .flatMap(kind =>
      ((spec.template.spec[kind] ?? []) as JobContainer[]).map((container, i) => ({
        at: `spec.template.spec.${kind}[${i}].image`,
        image: container.image ?? '',
      })),
    )
    .filter(({ image }) => !patterns.some(pattern => pattern.test(image)))
    .map(({ at, image }) =>
      notAllowed(at, `The image "${image}" may not be used here: ${images.join(', ')} may.`),
    );
}

function wrongAccount({ spec }: JobObject, { serviceAccounts }: JobLimits): Problem[] {
  const { serviceAccountName, serviceAccount } = spec.template.spec;
  return [
    serviceAccountName ?? serviceAccount ?? 'default',
    serviceAccount ?? serviceAccountName ?? 'default',
  ]
    .filter((name, i, all) => all.indexOf(name) === i && serviceAccounts?.includes(name) === false)
    .map(name =>
      notAllowed(
        'spec.template.spec.serviceAccountName',
        `The service account "${name}" may not be used here: ${serviceAccounts?.join(', ') ?? ''} may.`,
      ),
    );
}
