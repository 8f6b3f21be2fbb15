/** Paths of the API server: made from what is asked for, and read back. Pure. */

/** What comes after the "?"; members without a value are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

const named = (collection: string, name?: string): string =>
  name === undefined ? collection : `${collection}/${encodeURIComponent(name)}`;
const within =
  (group: string, resource: string) =>
  (namespace: string, name?: string): string =>
    named(`${group}/namespaces/${encodeURIComponent(namespace)}/${resource}`, name);

const pods = within('/api/v1', 'pods');

/** Paths of the API: a collection, or with a name one object of it. */
export const paths = {
  version: '/version',
  namespaces: (name?: string): string => named('/api/v1/namespaces', name),
  nodes: (name?: string): string => named('/api/v1/nodes', name),
  pods,
  podLog: (namespace: string, name: string): string => `${pods(namespace, name)}/log`,
  /** Begins a process, with all its streams but a terminal. */
  podExec: (
    namespace: string,
    name: string,
    { container, command }: { container: string; command: readonly string[] },
  ): string => {
    const query = new URLSearchParams({ container, stdin: 'true', stdout: 'true', stderr: 'true' });
    for (const word of command) query.append('command', word);
    return `${pods(namespace, name)}/exec?${query.toString()}`;
  },
  podForward: (namespace: string, name: string, port: number): string =>
    `${pods(namespace, name)}/portforward?ports=${port}`,
  configMaps: within('/api/v1', 'configmaps'),
  secrets: within('/api/v1', 'secrets'),
  services: within('/api/v1', 'services'),
  serviceAccounts: within('/api/v1', 'serviceaccounts'),
  persistentVolumeClaims: within('/api/v1', 'persistentvolumeclaims'),
  resourceQuotas: within('/api/v1', 'resourcequotas'),
  events: within('/api/v1', 'events'),
  jobs: within('/apis/batch/v1', 'jobs'),
  cronJobs: within('/apis/batch/v1', 'cronjobs'),
  limitRanges: within('/api/v1', 'limitranges'),
  persistentVolumes: (name?: string): string => named('/api/v1/persistentvolumes', name),
  storageClasses: (name?: string): string => named('/apis/storage.k8s.io/v1/storageclasses', name),
  localSubjectAccessReviews: (namespace: string): string =>
    `/apis/authorization.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/localsubjectaccessreviews`,
  leases: within('/apis/coordination.k8s.io/v1', 'leases'),
  roles: within('/apis/rbac.authorization.k8s.io/v1', 'roles'),
  roleBindings: within('/apis/rbac.authorization.k8s.io/v1', 'rolebindings'),
  selfSubjectAccessReviews: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
} as const;

/** A path with its query. */
export function withQuery(path: string, query: Query = {}): string {
  const given = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) given.set(key, String(value));
  return given.size === 0 ? path : `${path}?${given.toString()}`;
}

/** What a path asks for. */
export interface ApiResource {
  /** API group; empty for the core. */
  group: string;
  namespace?: string;
  resource: string;
  name?: string;
}

const PATH =
  /^\/(?:api\/[^/]+|apis\/([^/]+)\/[^/]+)(?:\/namespaces\/([^/]+)(?=\/))?\/([^/]+)(?:\/([^/]+))?(?:\/(.+))?$/;

/** Reads a path (without query): group, namespace, resource ("pods/log" for a part of an object) and name. */
export function parsePath(path: string): ApiResource {
  const [, group = '', namespace, resource, name, part] = PATH.exec(path) ?? [];
  if (resource === undefined) return { group: '', resource: path.replace(/^\//, '') };
  const found: ApiResource = { group, resource: part === undefined ? resource : `${resource}/${part}` };
  if (namespace !== undefined) found.namespace = decodeURIComponent(namespace);
  if (name !== undefined) found.name = decodeURIComponent(name);
  return found;
}
