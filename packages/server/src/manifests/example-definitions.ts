/** The four examples of k8s-jobs, as they were meant. */

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
  templates: {
    'fail.yaml': job('fail', 600, container('fail', '[sh, -c, "exit 1"]')),
    'timeout.yaml': job('timeout', 10, container('timeout', '[sh, -c, "sleep 1000"]')),
    'template.yaml': job(
      'template',
      600,
      container('template', `[echo, "{{ templatevar | default('nothing') }}"]`),
    ),
  },
  /** The list of definitions: from a ConfigMap as it is now, and from files below a folder. */
  definitions: (dir: string, namespace: string): string => `- name: helloworld
  spec_config_map_name: helloworld
  spec_config_map_namespace: ${namespace}
- name: fail
  spec_path: ${dir}/fail.yaml
- name: timeout
  spec_path: ${dir}/timeout.yaml
- name: template
  spec_path: ${dir}/template.yaml
`,
};
