/** From a kubeconfig to a connection. */
import type { KubeConnection } from '@kube-transform/runtime/kubernetes';

export async function kubeConnection(options: { context?: string; namespace?: string; kubeconfig?: string }): Promise<KubeConnection> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  if (options.kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(options.kubeconfig);
  if (options.context !== undefined) config.setCurrentContext(options.context);
  const tls: Record<string, unknown> = {};
  await config.applyToHTTPSOptions(tls as never);
  const cluster = config.getCurrentCluster();
  return {
    name: config.getCurrentContext(),
    server: cluster?.server ?? '',
    namespace: options.namespace ?? config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
    ca: tls['ca'] as string,
    cert: tls['cert'] as string,
    key: tls['key'] as string,
    token: () => Promise.resolve(undefined),
  };
}
