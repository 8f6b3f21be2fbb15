/** The four examples of k8s-jobs, as they were meant. */
import type { PlannedDefinition } from './definition-objects.js';

/** A Job without rights, which any namespace admits. */
const job = (name: string, deadlineSec: number, containers: string): string => `apiVersion: batch/v1
kind: Job
metadata:
  name: ${name}
spec:
  activeDeadlineSeconds: ${deadlineSec}
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      automountServiceAccountToken: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        seccompProfile: {type: RuntimeDefault}
      containers:
${containers}`;

const container = (name: string, command: string): string => `        - name: ${name}
          image: busybox:1.36
          command: ${command}
          securityContext:
            allowPrivilegeEscalation: false
            capabilities: {drop: [ALL]}
`;

export const EXAMPLES = {
  helloworld: job(
    'helloworld',
    600,
    container('one', '[echo, "Hello, world!"]') + container('two', '[echo, "Hello, other world!"]'),
  ),
  /** One from a ConfigMap as it is now, the others from files. */
  definitions: (namespace: string): PlannedDefinition[] => [
    { name: 'helloworld', configMap: { name: 'helloworld', namespace } },
    { name: 'fail', template: job('fail', 600, container('fail', '[sh, -c, "exit 1"]')) },
    { name: 'timeout', template: job('timeout', 10, container('timeout', '[sh, -c, "sleep 1000"]')) },
    {
      name: 'template',
      template: job(
        'template',
        600,
        container('template', `[echo, "{{ templatevar | default('nothing') }}"]`),
      ),
    },
  ],
};
