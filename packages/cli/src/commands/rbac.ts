/** The command `kt rbac`. */
import { Command, Option } from 'commander';
import type { Cli } from './command-context.js';
import { printText } from '../terminal/output.js';

interface Options {
  namespace: string;
  serviceAccount: string;
  for: 'pods' | 'deployer';
}

/** `kt rbac`: the rights that runs in a namespace need, or those of people who deploy. */
export function rbacCommand({ output }: Cli): Command {
  return new Command('rbac')
    .summary('print the rights that runs in a namespace need')
    .description(
      'Prints a ServiceAccount, a Role with only the verbs that are used, and their RoleBinding:\n  kt rbac -n jobs | kubectl apply -f -\n' +
        'With --for deployer: the Role of people who deploy and run pipelines there; bind it with\n' +
        '  kubectl create rolebinding kt-deployer -n jobs --role kt-deployer --user NAME',
    )
    .addOption(
      new Option('-n, --namespace <name>', 'namespace of the runs').env('KT_NAMESPACE').default('default'),
    )
    .option('--service-account <name>', 'service account of the pods', 'kt-pod')
    .addOption(new Option('--for <who>', 'whose rights').choices(['pods', 'deployer']).default('pods'))
    .action(async ({ namespace, serviceAccount, for: who }: Options) => {
      const [{ accessObjects }, { deployerRole }, { yamlOf }] = await Promise.all([
        import('@kube-transform/runtime/kubernetes'),
        import('../deploy/deployer-role.js'),
        import('../render/kustomize.js'),
      ]);
      const objects =
        who === 'pods' ? accessObjects({ namespace, serviceAccount }) : [deployerRole(namespace)];
      printText(output, yamlOf(objects).trimEnd());
    });
}
