/** The command `kt render server`. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { printText } from '../terminal/output.js';
import type { Cli } from './command-context.js';

interface Options {
  namespace: string;
  image: string;
  signature: string;
  replicas: number;
  tokensSecret?: string;
  allowImages?: string;
  allowServiceAccounts?: string;
  runs: boolean;
}

const number = (text: string): number => {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 1 to 999.');
  return Number(text);
};

/** `kt render server`: what runs `kt serve` in a cluster. */
export function renderServerCommand({ output }: Cli): Command {
  return new Command('server')
    .summary('print what runs the job server in a cluster')
    .description(
      'Prints a Deployment, its Service, rights, disruption budget and network policy, and ConfigMaps with four example definitions:\n' +
        '  kt render server -n jobs --image registry.example/kt | kubectl apply -f -\n' +
        'The image has Node, `kt` and @kube-transform/server; docs/server.md has a Dockerfile.',
    )
    .option('-n, --namespace <name>', 'namespace of the server and of its jobs', 'default')
    .addOption(new Option('--image <image>', 'image of the server').makeOptionMandatory())
    .option('--signature <name>', 'value of the label by which its jobs are known', 'kt-server')
    .addOption(new Option('--replicas <n>', 'how many servers').argParser(number).default(2))
    .option(
      '--tokens-secret <name>',
      'Secret with the key tokens.yaml: who may ask (default: who reaches it)',
    )
    .option('--allow-images <list>', 'images that jobs may use, by commas (default: all)')
    .option('--allow-service-accounts <list>', 'service accounts of jobs, by commas (default: default)')
    .option('--runs', 'serve runs of deployed pipelines too, with the rights for it', false)
    .action(async ({ allowImages, allowServiceAccounts, runs, ...plan }: Options) => {
      const [{ loadServer }, { yamlOf }, { omitUndefined }, { RUN_RULES }] = await Promise.all([
        import('../serve/load-server.js'),
        import('../render/kustomize.js'),
        import('@kube-transform/sdk'),
        import('../checks/rights.js'),
      ]);
      const { serverObjects } = await loadServer();
      const more = {
        allowedImages: allowImages,
        allowedServiceAccounts: allowServiceAccounts,
        runRules: runs ? RUN_RULES : undefined,
      };
      printText(output, yamlOf(serverObjects(omitUndefined({ ...plan, ...more }))).trimEnd());
    });
}
