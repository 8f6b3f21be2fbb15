/** The command `kt serve`. */
import { Command, Option } from 'commander';
import { untilInterrupted } from '../terminal/interrupt.js';
import type { Cli } from './command-context.js';
import { withContextOptions } from './cluster-options.js';

interface Options {
  context?: string;
  namespace?: string;
  kubeconfig?: string;
  host?: string;
  port?: string;
}

/** `kt serve`: the job server, until it is told to end. */
export function serveCommand({ output, signals }: Cli): Command {
  const command = new Command('serve')
    .summary('serve jobs from templates over HTTP, in the place of AWS Batch or k8s-jobs')
    .description(
      'Serves jobs of the definitions of JOB_DEFINITIONS_CONFIG_PATH, else of kt.config.ts (server.definitions), until SIGTERM or Ctrl-C;\n' +
        'what is under way is answered then.\n' +
        'Its settings are environment variables: JOB_SIGNATURE, JOB_NAMESPACE, JOB_DEFINITIONS_CONFIG_PATH, IN_CLUSTER,\n' +
        'JOB_RETENTION_PERIOD_SEC, JOB_SERVER_TOKENS_PATH, JOB_ALLOWED_IMAGES, JOB_ALLOWED_SERVICE_ACCOUNTS; docs/server.md has all.\n' +
        'With JOB_SERVER_RUNS=true it serves deployed pipelines and their runs too: kt runs --server URL.\n' +
        'It needs the package @kube-transform/server.',
    )
    .addOption(
      new Option('--host <address>', 'address to listen on (default: JOB_SERVER_HOST, else 127.0.0.1)'),
    )
    .addOption(new Option('--port <n>', 'port to listen on (default: JOB_SERVER_PORT, else 5000)'));
  return withContextOptions(command).action(
    async ({ context, namespace, kubeconfig, host, port }: Options) => {
      const { inClusterConnection, kubeConnection, loadServing, omitUndefined } =
        await import('../serve/before-serving.js');
      const { readSettings, startServer } = await loadServing();
      const typed = omitUndefined({ JOB_NAMESPACE: namespace, JOB_SERVER_HOST: host, JOB_SERVER_PORT: port });
      const env: Record<string, string | undefined> = { ...process.env, ...typed };
      // Where a list is named the configuration is not read, nor what would read it.
      const definitions = env['JOB_DEFINITIONS_CONFIG_PATH']
        ? undefined
        : await (await import('../serve/config-definitions.js')).configDefinitions();
      const settings = readSettings(env, { definitions: definitions !== undefined });
      const connection = settings.inCluster
        ? await inClusterConnection()
        : await kubeConnection(omitUndefined({ context, kubeconfig, namespace: settings.namespace }));
      await untilInterrupted(signals, async signal => {
        const tell = (message: string): void => output.err(message);
        await using runs = settings.servesRuns
          ? (await import('../serve/served-cluster.js')).servedCluster(connection, settings.namespace)
          : undefined;
        const server = await startServer({
          settings,
          connection,
          definitions,
          runs,
          tell,
          ownsProcess: true,
        });
        output.err(
          `Serving jobs of "${settings.signature}" in namespace "${settings.namespace}" at ${server.url}`,
        );
        await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
        output.err('Ending: what is under way is answered.');
        await server.stop();
      });
    },
  );
}
