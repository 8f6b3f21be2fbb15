import { defineConfig } from '@kube-transform/sdk';

/** Where pipelines run. `npx kt config` shows what holds, `npx kt doctor` whether it works. */
export default defineConfig({
  contexts: {
    dev: {
      // kubeContext: 'kind-kind',
      // namespace: 'jobs',
      volume: 'pvc:kt-data',
      claim: { size: '10Gi' },
    },
  },
});
