/*
 * Applies objects to a cluster by server-side apply, and deletes them.
 *
 * AP1 An object that is as it should be is left as it is, down to its resource version.
 * AP2 What is immutable and there already is what it should be: its name says what it holds.
 */
import { KtError } from '@kube-transform/sdk';
import { systemClock } from '@kube-transform/runtime/internal';
import {
  type ConfigMap,
  isKubeError,
  type KubeApi,
  type KubeObject,
  paths,
} from '@kube-transform/runtime/kubernetes';

/** What became of an object, or would. */
export interface Applied {
  object: KubeObject;
  outcome: 'created' | 'changed' | 'unchanged' | 'deleted';
  before: KubeObject | null;
  after: KubeObject | null;
}

const FIELD_MANAGER = 'kube-transform';
const BIND_TRIES = 40;
const BIND_PAUSE_MS = 250;

const COLLECTION: Record<string, (namespace: string, name?: string) => string> = {
  ConfigMap: paths.configMaps,
  ServiceAccount: paths.serviceAccounts,
  PersistentVolumeClaim: paths.persistentVolumeClaims,
  Role: paths.roles,
  RoleBinding: paths.roleBindings,
  CronJob: paths.cronJobs,
};

/** Where the API server has an object, or with no name all of its kind. */
function pathOf({ kind, metadata }: KubeObject, name?: string): string {
  const collection = COLLECTION[kind ?? ''];
  if (collection === undefined) throw new TypeError(`Bug: no path for a ${kind ?? 'thing'}`);
  return collection(metadata.namespace ?? '', name);
}

/** Where the API server has an object. */
export const objectPath = (object: KubeObject): string => pathOf(object, object.metadata.name);

/** An object as it is in the cluster; null where it is not there. */
export const readObject = (api: KubeApi, object: KubeObject): Promise<KubeObject | null> =>
  api.get<KubeObject>(objectPath(object));

/**
 * Applies an object; with `dryRun` the server only says what would come of it.
 *
 * @param options.before the object as it was read, null where it was not there. Default: it is read.
 * @throws KtError what the cluster refuses.
 */
export async function applyObject(
  api: KubeApi,
  object: KubeObject,
  { dryRun, before: known }: { dryRun: boolean; before?: KubeObject | null | undefined },
): Promise<Applied> {
  const path = objectPath(object);
  const before = known === undefined ? await readObject(api, object) : known;
  const isDry: Record<string, string> = dryRun ? { dryRun: 'All' } : {};
  if ((object as ConfigMap).immutable === true) {
    if (before !== null) return { object, outcome: 'unchanged', before, after: before };
    return made(api, object, { fieldManager: FIELD_MANAGER, ...isDry });
  }
  const query = { force: true, ...isDry };
  let after = await patched(api, path, { object, before, query });
  // Who is no administrator binds a Role only when the cluster's authorizer has heard of it, a moment after
  // it is made.
  for (let tries = 0; after === null && object.kind === 'RoleBinding' && tries < BIND_TRIES; tries++) {
    if (dryRun) return { object, outcome: 'created', before: null, after: object };
    await systemClock.sleep(BIND_PAUSE_MS);
    after = await patched(api, path, { object, before, query });
  }
  if (after === null) throw missingParent(api, object);
  return {
    object,
    outcome: before === null ? 'created' : isSame(before, after) ? 'unchanged' : 'changed',
    before,
    after,
  };
}

/** Makes what is not to change: an apply takes the server longer, which reads its body as YAML. */
async function made(api: KubeApi, object: KubeObject, query: Record<string, string>): Promise<Applied> {
  try {
    const after = await api.create(pathOf(object), object, { query });
    return {
      object,
      outcome: after === null ? 'unchanged' : 'created',
      before: null,
      after: after ?? object,
    };
  } catch (error) {
    if (isKubeError(error, 404)) throw missingParent(api, object);
    throw error;
  }
}

/** What an object would have been part of is not there: its namespace, or the Role that it binds. */
function missingParent({ namespace }: KubeApi, { kind, metadata }: KubeObject): KtError {
  if (kind !== 'RoleBinding')
    return new KtError({
      code: 'NO_NAMESPACE',
      path: 'namespace',
      message: `There is no namespace "${namespace}".`,
    });
  const message = `The Role of the RoleBinding "${metadata.name}" in namespace "${namespace}" is not there.`;
  return new KtError({
    code: 'NO_ROLE',
    path: metadata.name,
    message,
    hint: 'Somebody may have deleted it: deploy again.',
  });
}

/**
 * Whoever may not change an object need not where it is as it should be: rights are often another one's to
 * give.
 */
async function patched(
  api: KubeApi,
  path: string,
  {
    object,
    before,
    query,
  }: { object: KubeObject; before: KubeObject | null; query: Record<string, string | boolean> },
): Promise<KubeObject | null> {
  try {
    return await api.patch<KubeObject>(path, object, { type: 'apply', query });
  } catch (error) {
    if (isKubeError(error, 403) && includes(before, object)) return before;
    throw error;
  }
}

/**
 * Whether a value has all that another one says: more members may be there, but not more elements of lists.
 */
export function includes(whole: unknown, part: unknown): boolean {
  if (Array.isArray(part))
    return (
      Array.isArray(whole) &&
      whole.length === part.length &&
      part.every((value, i) => includes(whole[i], value))
    );
  if (typeof part !== 'object' || part === null) return whole === part;
  if (typeof whole !== 'object' || whole === null) return false;
  return Object.entries(part).every(
    ([key, value]) => value === undefined || includes((whole as Record<string, unknown>)[key], value),
  );
}

/** Deletes an object. */
export async function deleteObject(
  api: KubeApi,
  object: KubeObject,
  { dryRun }: { dryRun: boolean },
): Promise<Applied> {
  await api.delete(objectPath(object), { query: dryRun ? { dryRun: 'All' } : {} });
  return { object, outcome: 'deleted', before: object, after: null };
}

/** A dry run gives no new resource version: what people wrote is compared. */
const isSame = (before: KubeObject, after: KubeObject): boolean =>
  JSON.stringify(withoutTraces(before)) === JSON.stringify(withoutTraces(after));

/** An object without what the server notes on it. */
export function withoutTraces(object: KubeObject): KubeObject {
  const { managedFields, resourceVersion, generation, uid, creationTimestamp, ...metadata } =
    object.metadata as unknown as Record<string, unknown>;
  const { status, ...rest } = object as unknown as Record<string, unknown>;
  return { ...rest, metadata } as unknown as KubeObject;
}
