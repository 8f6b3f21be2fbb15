/** Options of commands that speak to a cluster. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { containerImageOption } from './options.js';
import type { ClusterOptions } from '../project/resolve-context.js';

const number = (text: string): number => {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('Expected a whole number of at least 1.');
  return Number(text);
};

/** Which cluster, and which namespace of it. */
export function withContextOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--context <name>', 'context of kt.config.ts or of the kubeconfig (default: see kt config)'),
    )
    .addOption(new Option('-n, --namespace <name>', 'namespace (default: see kt config)'))
    .addOption(new Option('--kubeconfig <file>', 'kubeconfig (default: KUBECONFIG, else ~/.kube/config)'));
}

/** How the pods of a run are made. */
export function withPodOptions(command: Command): Command {
  return withContextOptions(command)
    .addOption(containerImageOption())
    .addOption(
      new Option(
        '--image <image>',
        'image of all pods, with Node ≥ 20.19 (default: KT_IMAGE, else a stock Node image)',
      ),
    )
    .addOption(
      new Option(
        '--image-pull-policy <policy>',
        'when the image is fetched (default: Always from a registry, Never for a local image)',
      ).choices(['Always', 'IfNotPresent', 'Never']),
    )
    .addOption(
      new Option(
        '--volume <volume>',
        'volume behind a file: store: pvc:CLAIM or host:/path, mounted at /mnt/data or :/path',
      ),
    )
    .addOption(
      new Option(
        '--store <url>',
        'file store as pods open it: s3://BUCKET/PREFIX, gs://… or az://… (default: the folder of the volume)',
      ),
    )
    .addOption(
      new Option('--store-secret <name>', 'Secret whose keys are the environment that opens the store'),
    )
    .addOption(
      new Option('--delivery <how>', 'how code gets into pods (default: what it needs)').choices([
        'bundle',
        'registry',
        'docker',
      ]),
    )
    .addOption(
      new Option(
        '--repository <name>',
        'repository that images are pushed to, such as registry.example/team/pipelines',
      ),
    )
    .addOption(
      new Option(
        '--platform <platform>',
        'what pods run on, for packages with native code (default: linux/amd64)',
      ).choices(['linux/amd64', 'linux/arm64']),
    )
    .addOption(new Option('--insecure-registry', 'speak plain HTTP with the registry'))
    .addOption(new Option('--service-account <name>', 'service account of the pods (default: kt-pod)'))
    .addOption(new Option('--keep-finished', 'keep the Jobs of finished steps'))
    .addOption(
      new Option('--max-pods <n>', 'pods of the whole run at once (default: 2000)').argParser(number),
    );
}

export type { ClusterOptions };
