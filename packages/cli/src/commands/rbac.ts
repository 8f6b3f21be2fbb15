import { Command } from 'commander';
import type { Cli } from '../cli.js';

/** `kt rbac`: the rights that runs in a namespace need. */
export function rbacCommand({ output }: Cli): Command {
  return new Command('rbac')
    .summary('print the service account and the Role that runs in a namespace need')
    .description('Prints a ServiceAccount, a Role with only the verbs that are used, and their RoleBinding:\n  kt rbac -n jobs | kubectl apply -f -')
    .option('-n, --namespace <name>', 'namespace of the runs', 'default')
    .option('--service-account <name>', 'service account of the pods', 'kt-pod')
    .action(async ({ namespace, serviceAccount }: { namespace: string; serviceAccount: string }) => {
      const [{ accessObjects }, { stringify }] = await Promise.all([import('@kube-transform/runtime/kubernetes'), import('yaml')]);
      const texts = accessObjects({ namespace, serviceAccount }).map(object => stringify(object, { aliasDuplicateObjects: false }));
      output.out(texts.join('---\n').trimEnd());
    });
}
