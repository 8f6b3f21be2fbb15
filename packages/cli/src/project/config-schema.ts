/** What a configuration may hold, as a check; its types are in the sdk. */
import { type ContextConfig, parseDurationMs, parseQuantity, type ProjectConfig } from '@kube-transform/sdk';
import * as z from 'zod';

const text = z.string().min(1);
const texts = z.record(z.string(), z.string());
const objects = z.array(z.record(z.string(), z.json()));
const policy = z.enum(['Always', 'IfNotPresent', 'Never']);
const quantity = text.refine(
  value => parseQuantity(value) !== undefined,
  'Expected a quantity such as "512Mi" or "500m"',
);
const duration = text.refine(
  value => parseDurationMs(value) !== undefined,
  'Expected a duration such as "90s" or "5m"',
);

const kubernetes = z.strictObject({
  nodeSelector: texts.optional(),
  tolerations: objects.optional(),
  affinity: z.record(z.string(), z.json()).optional(),
  priorityClassName: text.optional(),
  serviceAccountName: text.optional(),
  image: text.optional(),
  imagePullPolicy: policy.optional(),
  queue: text.optional(),
  annotations: texts.optional(),
  envFrom: objects.optional(),
  volumes: objects.optional(),
  volumeMounts: objects.optional(),
  startTimeout: duration.optional(),
  podPatch: z.record(z.string(), z.json()).optional(),
});

const defaults = z.strictObject({
  memory: quantity.optional(),
  cpu: quantity.optional(),
  retries: z.int().min(0).optional(),
  backoff: z
    .strictObject({
      initial: duration.optional(),
      max: duration.optional(),
      factor: z.number().min(1).optional(),
    })
    .optional(),
  timeout: duration.nullable().optional(),
  env: texts.optional(),
  labels: texts.optional(),
  kubernetes: kubernetes.optional(),
});

const context = z
  .strictObject({
    kubeContext: text.optional(),
    kubeconfig: text.optional(),
    namespace: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'Expected the name of a namespace: a–z, 0–9 and "-"')
      .optional(),
    image: text.optional(),
    imagePullPolicy: policy.optional(),
    store: text.optional(),
    volume: text.optional(),
    claim: z
      .strictObject({
        size: quantity,
        storageClass: text.optional(),
        accessMode: z.enum(['ReadWriteOnce', 'ReadWriteMany']).optional(),
      })
      .optional(),
    serviceAccount: text.optional(),
    delivery: z.enum(['bundle', 'registry', 'docker']).optional(),
    repository: text.optional(),
    platform: z.enum(['linux/amd64', 'linux/arm64']).optional(),
    insecureRegistry: z.boolean().optional(),
    build: text.optional(),
    maxPods: z.int().min(1).optional(),
    keepFinished: z.boolean().optional(),
    defaults: defaults.optional(),
  })
  .refine(({ claim, volume }) => claim === undefined || volume?.startsWith('pvc:') === true, {
    path: ['claim'],
    message: "A claim needs a volume that names it: volume: 'pvc:NAME'",
  });

/** The default export of `kt.config.ts`. */
export const configSchema = z.strictObject({ contexts: z.record(text, context), default: text.optional() });

/** A context of the starter kit's `kt-contexts.json`. */
export const legacySchema = z.record(
  text,
  z.looseObject({
    kube_context: text.nullish(),
    image_path: text.nullish(),
    build_script_path: text.nullish(),
    data_dir: text.nullish(),
  }),
);

/** The same as here, in a context of ours: what is built is the image itself. */
export function fromLegacy(contexts: z.infer<typeof legacySchema>): ProjectConfig {
  const entries = Object.entries(contexts).map(
    ([name, { kube_context, image_path, build_script_path, data_dir }]) => {
      const config: ContextConfig = {
        ...(kube_context == null ? {} : { kubeContext: kube_context }),
        ...(image_path == null ? {} : { image: image_path }),
        ...(build_script_path == null ? {} : { build: build_script_path, delivery: 'docker' }),
        // A folder is one of the node, as kube-transform mounts it.
        ...(data_dir == null
          ? {}
          : data_dir.startsWith('/')
            ? { volume: `host:${data_dir}:${data_dir}` }
            : { store: data_dir }),
      };
      return [name, config] as const;
    },
  );
  return { contexts: Object.fromEntries(entries) };
}
