/** Checks what a configuration holds; its types are in the sdk. */
import { omitUndefined, parseDurationMs, parseQuantity, type ProjectConfig } from '@kube-transform/sdk';
import * as z from 'zod';

const nonEmpty = z.string().min(1);
const texts = z.record(z.string(), z.string());
const jsonObjects = z.array(z.record(z.string(), z.json()));
const patch = z.record(z.string(), z.json());
const policy = z.enum(['Always', 'IfNotPresent', 'Never']);
const quantityText = nonEmpty.refine(
  value => parseQuantity(value) !== undefined,
  'Expected a quantity such as "512Mi" or "500m"',
);
const durationText = nonEmpty.refine(
  value => parseDurationMs(value) !== undefined,
  'Expected a duration such as "90s" or "5m"',
);

const namespace = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'Expected the name of a namespace: a–z, 0–9 and "-"');
const objectName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, 'Expected the name of an object: a–z, 0–9, "." and "-"');

const kubernetesOptions = z.strictObject({
  nodeSelector: texts.optional(),
  tolerations: jsonObjects.optional(),
  affinity: z.record(z.string(), z.json()).optional(),
  priorityClassName: nonEmpty.optional(),
  serviceAccountName: nonEmpty.optional(),
  ephemeralStorage: nonEmpty.optional(),
  image: nonEmpty.optional(),
  imagePullPolicy: policy.optional(),
  queue: nonEmpty.optional(),
  annotations: texts.optional(),
  envFrom: jsonObjects.optional(),
  volumes: jsonObjects.optional(),
  volumeMounts: jsonObjects.optional(),
  startTimeout: durationText.optional(),
  podPatch: patch.optional(),
  containerPatch: patch.optional(),
  jobPatch: patch.optional(),
});

const defaults = z.strictObject({
  memory: quantityText.optional(),
  cpu: quantityText.optional(),
  retries: z.int().min(0).optional(),
  backoff: z
    .strictObject({
      initial: durationText.optional(),
      max: durationText.optional(),
      factor: z.number().min(1).optional(),
    })
    .optional(),
  timeout: durationText.nullable().optional(),
  env: texts.optional(),
  labels: texts.optional(),
  reuse: z.enum(['step', 'run']).optional(),
  kubernetes: kubernetesOptions.optional(),
});

const context = z
  .strictObject({
    kubeContext: nonEmpty.optional(),
    kubeconfig: nonEmpty.optional(),
    namespace: namespace.optional(),
    image: nonEmpty.optional(),
    imagePullPolicy: policy.optional(),
    containerImage: nonEmpty.optional(),
    store: nonEmpty.optional(),
    storeSecret: nonEmpty.optional(),
    volume: nonEmpty.optional(),
    claim: z
      .strictObject({
        size: quantityText,
        storageClass: nonEmpty.optional(),
        accessMode: z.enum(['ReadWriteOnce', 'ReadWriteMany']).optional(),
      })
      .optional(),
    serviceAccount: nonEmpty.optional(),
    delivery: z.enum(['bundle', 'registry', 'docker']).optional(),
    repository: nonEmpty.optional(),
    platform: z.enum(['linux/amd64', 'linux/arm64']).optional(),
    insecureRegistry: z.boolean().optional(),
    build: nonEmpty.optional(),
    maxPods: z.int().min(1).optional(),
    maxRuns: z.int().min(1).optional(),
    keepFinished: z.boolean().optional(),
    defaults: defaults.optional(),
  })
  .refine(({ claim, volume }) => claim === undefined || volume?.startsWith('pvc:') === true, {
    path: ['claim'],
    message: "A claim needs a volume that names it: volume: 'pvc:NAME'",
  });

const TEMPLATES = ['template', 'file', 'configMap'] as const;
const definition = z
  .strictObject({
    name: z
      .string()
      .regex(
        /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
        'Expected a name of 1 to 63 letters, digits, ".", "_", "-"',
      ),
    template: nonEmpty.optional(),
    file: nonEmpty.optional(),
    configMap: z.strictObject({ name: objectName, namespace }).optional(),
    queue: objectName.optional(),
    priority: objectName.optional(),
  })
  .refine(
    given => TEMPLATES.filter(key => given[key] !== undefined).length === 1,
    'A definition has one of template, file and configMap',
  );

const server = z.strictObject({
  definitions: z.array(definition).superRefine((all, { addIssue }) => {
    for (const [i, { name }] of all.entries())
      if (all.findIndex(other => other.name === name) < i)
        addIssue({ code: 'custom', path: [i, 'name'], message: `There are two definitions "${name}"` });
  }),
});

/** The default export of `kt.config.ts`. */
export const configSchema = z.strictObject({
  contexts: z.record(nonEmpty, context),
  default: nonEmpty.optional(),
  drivers: z.array(z.enum(['s3', 'gs', 'az'])).optional(),
  server: server.optional(),
});

/** A context of the starter kit's `kt-contexts.json`. */
export const legacySchema = z.record(
  nonEmpty,
  z.looseObject({
    kube_context: nonEmpty.nullish(),
    image_path: nonEmpty.nullish(),
    build_script_path: nonEmpty.nullish(),
    data_dir: nonEmpty.nullish(),
  }),
);

/** The same as here, in a context of ours: what is built is the image itself. */
export function fromLegacy(contexts: z.infer<typeof legacySchema>): ProjectConfig {
  const entries = Object.entries(contexts).map(
    ([name, { kube_context, image_path, build_script_path, data_dir }]) => {
      const config = omitUndefined({
        kubeContext: kube_context ?? undefined,
        image: image_path ?? undefined,
        build: build_script_path ?? undefined,
        delivery: build_script_path == null ? undefined : ('docker' as const),
        // A folder is one of the node, as kube-transform mounts it.
        ...(data_dir?.startsWith('/')
          ? { volume: `host:${data_dir}:${data_dir}` }
          : { store: data_dir ?? undefined }),
      });
      return [name, config] as const;
    },
  );
  return { contexts: Object.fromEntries(entries) };
}
