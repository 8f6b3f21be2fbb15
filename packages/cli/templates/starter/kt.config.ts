import { defineConfig } from '@kube-transform/sdk';
import eks from './deploy/terraform/eks/kt-context.json' with { type: 'json' };

/** The folder data/ of this project, which the clusters below have as /mnt/data. */
const volume = 'host:/mnt/data';

/** Where pipelines run: `npx kt submit hello_world --context kind`. `npx kt config` shows what holds. */
export default defineConfig({
  default: 'local',
  contexts: {
    local: { kubeContext: 'minikube', volume },
    kind: { kubeContext: 'kind-kt', volume },
    k3d: { kubeContext: 'k3d-kt', volume },
    // terraform output -json kt_context > kt-context.json, in deploy/terraform/eks.
    eks: { ...eks, delivery: 'registry' },
  },
});
