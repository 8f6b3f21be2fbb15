/** The command `kt render server`. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { printText } from '../terminal/output.js';
import type { RenderServerOptions } from '../serve/server-plan.js';
import type { Cli } from './command-context.js';
import { collect } from './options.js';

const number = (text: string): number => {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 1 to 999.');
  return Number(text);
};

/** `kt render server`: what runs `kt serve` in a cluster. */
export function renderServerCommand({ output }: Cli): Command {
  return new Command('server')
    .summary('print what runs the job server in a cluster')
    .description(
      'Prints a Deployment, its Service, rights, disruption budget and network policy, and ConfigMaps with the definitions:\n' +
        '  kt render server -n jobs --image registry.example/kt | kubectl apply -f -\n' +
        'The image has Node, `kt` and @kube-transform/server; docs/server.md has a Dockerfile. What the server would not start with is refused.',
    )
    .option('-n, --namespace <name>', 'namespace of the server and of its jobs', 'default')
    .addOption(new Option('--image <image>', 'image of the server').makeOptionMandatory())
    .option('--signature <name>', 'value of the label by which its jobs are known', 'kt-server')
    .addOption(new Option('--replicas <n>', 'how many servers').argParser(number).default(2))
    .option(
      '--tokens-secret <name>',
      'Secret with the key tokens.yaml: who may ask (default: who reaches it)',
    )
    .option(
      '--tls-secret <name>',
      'Secret with tls.crt and tls.key, as cert-manager makes it (default: no TLS)',
    )
    .option('--webhook-url <url>', 'who is told of the ends of jobs; with --webhook-secret')
    .option('--webhook-secret <name>', 'Secret with the key secret, which signs what is told')
    .option('--allow-queues <list>', 'queues of Kueue that jobs may use, by commas (default: all)')
    .option('--allow-priorities <list>', 'priorities that jobs may have, by commas (default: all)')
    .option('--allow-images <list>', 'images that jobs may use, by commas (default: all)')
    .option('--allow-service-accounts <list>', 'service accounts of jobs, by commas (default: default)')
    .option('--runs', 'serve runs of deployed pipelines too, with the rights for it', false)
    .option(
      '--definitions <file>',
      'list of job definitions in YAML (default: server.definitions of kt.config.ts, else four examples)',
    )
    .option('--oidc-issuer <url>', 'identity provider whose JWTs hold; its three options belong together')
    .option('--oidc-audience <name>', 'what they are made for')
    .option('--oidc-jwks-url <url>', 'where its keys are')
    .option('--oidc-scopes-claim <name>', 'claim with the scopes (default: scope)')
    .addOption(
      new Option('--env <name=value>', 'another variable of the server: docs/server.md has all (repeatable)')
        .argParser(collect)
        .default([], 'none'),
    )
    .action(async (options: RenderServerOptions) => {
      const [{ loadServer }, { serverPlan }, { yamlOf }] = await Promise.all([
        import('../serve/load-server.js'),
        import('../serve/server-plan.js'),
        import('../render/kustomize.js'),
      ]);
      const { serverObjects } = await loadServer();
      printText(output, yamlOf(serverObjects(await serverPlan(options))).trimEnd());
    });
}
