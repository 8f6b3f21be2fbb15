/** The command `kt submit`. */
import { Command, Option } from 'commander';
import type { Cli } from './command-context.js';
import { exitCodeOf } from '../terminal/exit.js';
import { type ClusterOptions, withPodOptions } from './cluster-options.js';
import { serverOption } from './options.js';
import { printHelp, requestOf, type TypedPipeline, withPipelineOptions } from './pipeline-options.js';

type Options = ClusterOptions &
  TypedPipeline & {
    resume?: string;
    steal: boolean;
    version?: string;
    source: boolean;
    follow: boolean;
    json: boolean;
    server?: string;
  };

/** Options that mean the same wherever a run is begun, and those that `serverMeant` looks at. */
const ANYWHERE = new Set(['server', 'version', 'runId', 'param', 'follow', 'json', 'help', 'functions']);

/** `kt submit`: a run of a pipeline or a document in a cluster. */
export function submitCommand(cli: Cli): Command {
  const command = withPipelineOptions(new Command('submit'))
    .summary('run a pipeline in a Kubernetes cluster')
    .description(
      'Runs a pipeline in a cluster: the deployed version of a name, or the source of a name, file.ts, file.ts#name or document (spec.json),\nwhich is bundled first. The parameters of a pipeline are flags of their own: kt submit PIPELINE --help lists them.',
    )
    .option('--resume <run>', 'start another controller of a run whose controller is gone')
    .option('--steal', 'with --resume: although its controller seems to be there', false)
    .option('--version <version>', 'a version that is deployed, or was (default: the deployed one)')
    .option('--source', 'bundle the source here, although the pipeline is deployed', false)
    .option('--run-id <id>', 'name of the new run')
    .option('-f, --follow', 'stay, and show how it goes; Ctrl-C leaves the run alone', false)
    .addOption(serverOption())
    .addOption(new Option('--json', 'print one event a line').default(false, 'text'));
  return withPodOptions(command).action(async (typed: string | undefined, options: Options) => {
    const { output, signals } = cli;
    const request = requestOf(command, typed, options);
    const { serverMeant } = await import('../backends/server/which-server.js');
    const url = serverMeant(options);
    if (options.help === true) {
      const paramHelp = async (name: string): Promise<string> => {
        const { openServer } = await import('../backends/server/open-server.js');
        const { paramHelpOf } = await import('../backends/server/submit-to-server.js');
        const server = await openServer(url ?? '', { note: text => output.err(text) });
        return paramHelpOf(server, name, options.version);
      };
      return printHelp(command, { ...request, ...(url === undefined ? {} : { paramHelp }) }, output);
    }
    const [{ openCluster, contextOf }, { ClusterBackend }, { submitRequest }, { showStarted }] =
      await Promise.all([
        import('../cluster/connect.js'),
        import('../backends/cluster/cluster-backend.js'),
        import('../backends/cluster/submit-request.js'),
        import('../views/show-started.js'),
      ]);
    const { follow, json } = options;
    if (url !== undefined) {
      const [{ openServer }, { submitToServer }] = await Promise.all([
        import('../backends/server/open-server.js'),
        import('../backends/server/submit-to-server.js'),
      ]);
      const others = command.options
        .filter(option => command.getOptionValueSource(option.attributeName()) === 'cli')
        .filter(option => !ANYWHERE.has(option.attributeName()))
        .map(option => option.name());
      const server = await openServer(url, { note: text => output.err(text) });
      const started = await submitToServer(server, request, { version: options.version, others });
      const status = await showStarted(server.backend, started, { follow, json, output, signals });
      if (status !== null) cli.exitWith(exitCodeOf(status));
      return;
    }
    const { values: context, from } = await contextOf(options);
    const note = (text: string): void => output.err(text);
    const api = await openCluster(context, note);
    await using backend = new ClusterBackend(api);
    const started = await submitRequest(api, request, { typed: options, options: context, from, note });
    const status = await showStarted(backend, started, { follow, json, output, signals });
    if (status !== null) cli.exitWith(exitCodeOf(status));
  });
}
