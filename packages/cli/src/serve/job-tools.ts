/** Definitions of the job server, rendered and checked from the command line. */
import { tryJson } from '@kube-transform/runtime/internal';
import type { KubeApi, KubeObject } from '@kube-transform/runtime/kubernetes';
import { KtError, omitUndefined } from '@kube-transform/sdk';
import type { DefinitionCheck, TemplateArguments } from '@kube-transform/server';
import { givenDefinitions } from './config-definitions.js';
import { loadServer } from './load-server.js';

/** Which cluster, if any. */
export interface JobToolsOptions {
  context?: string;
  namespace?: string;
  kubeconfig?: string;
  /** No cluster is asked. */
  offline?: boolean;
}

/** What can be done with the definitions; all reject with KtError. */
export interface JobTools extends AsyncDisposable {
  /** The Job of a definition; arguments as NAME=VALUE. */
  render(definition: string, args: readonly string[]): Promise<KubeObject>;
  /** `arraySize`: each as an array job. */
  check(args: readonly string[], options?: { arraySize?: number | undefined }): Promise<DefinitionCheck[]>;
}

/** Opens what the environment names; a cluster is reached when it is first asked. */
export async function openJobTools({ offline = false, ...where }: JobToolsOptions): Promise<JobTools> {
  const { checkDefinitions, jobApi, JobTemplates, NoCluster, openDefinitions, readArguments, readSettings } =
    await loadServer();
  const env = { ...process.env, ...omitUndefined({ JOB_NAMESPACE: where.namespace }) };
  const list = await givenDefinitions(env);
  const { namespace, signature, definitionsPath, inCluster, ...limits } = readSettings(env, {
    definitions: list !== undefined,
  });
  let opened: Promise<KubeApi> | undefined;
  const connect = async (): Promise<KubeApi> => {
    if (offline) throw new NoCluster('its template is in the cluster, which is not asked.');
    const [{ kubeConnection }, { inClusterConnection }] = await Promise.all([
      import('../cluster/kube-connection.js'),
      import('@kube-transform/runtime/kubernetes'),
    ]);
    const connection = inCluster
      ? await inClusterConnection()
      : await kubeConnection(omitUndefined({ ...where, namespace }));
    return jobApi(connection, namespace);
  };
  const api = (): Promise<KubeApi> => (opened ??= connect());
  const definitions = openDefinitions(
    { path: definitionsPath, list },
    { api: { get: async (path, options) => (await api()).get(path, options) } },
  );
  const templates = new JobTemplates({
    definitions,
    signature,
    limits: { ...limits, namespace },
  });
  const argumentsOf = (args: readonly string[]): TemplateArguments => {
    const read = readArguments(`{${args.map(memberOf).join()}}`);
    if (read === undefined) throw new TypeError('Bug: arguments are no JSON');
    return read;
  };
  return {
    render: (definition, args) => templates.render(definition, argumentsOf(args)),
    check: async (args, { arraySize } = {}) =>
      checkDefinitions({
        definitions,
        templates,
        args: argumentsOf(args),
        arraySize,
        api: offline ? undefined : await api(),
      }),
    [Symbol.asyncDispose]: async () => (await opened?.catch(() => undefined))?.close(),
  };
}

/** `name=value` as a member of a JSON object, every digit kept. @throws KtError `BAD_ARGUMENT` */
function memberOf(text: string): string {
  const [, name, value = ''] = /^([A-Za-z_]\w*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined)
    throw new KtError({
      code: 'BAD_ARGUMENT',
      path: '--arg',
      message: `${JSON.stringify(text)} is no argument: expected NAME=VALUE, with a name that a template can use.`,
    });
  return `${JSON.stringify(name)}:${tryJson(value) === undefined ? JSON.stringify(value) : value}`;
}
