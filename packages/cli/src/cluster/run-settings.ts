/** Makes the settings of a run from the options of a cluster: volume, store, image, defaults of steps. */
import { type ContextDefaults, KtError, omitUndefined } from '@kube-transform/sdk';
import { type ClusterSettings, clusterSettings, type DataVolume } from '@kube-transform/runtime/kubernetes';
import { type ClusterOptions, isFolder } from '../project/resolve-context.js';
import { refuseReadOnly, SECRET_VARIABLES } from '../project/run-store.js';

const MOUNT_PATH = '/mnt/data';

/** The settings of a run. @throws KtError `NO_VOLUME`, `BAD_VOLUME`, `STORE_READ_ONLY`, `SECRET_IN_ENV`. */
export function settingsOf(options: ClusterOptions, namespace: string): ClusterSettings {
  const volume = options.volume === undefined ? null : parseVolume(options.volume);
  const store = options.store ?? (volume === null ? undefined : `file:${volume.mountPath}`);
  if (store === undefined || (volume === null && isFolder(store))) {
    throw new KtError({
      code: 'NO_VOLUME',
      path: '--volume',
      message:
        store === undefined
          ? 'The pods need a store for files and results.'
          : `The store "${store}" is a folder, and pods need a volume for it.`,
      hint: 'Give --volume pvc:CLAIM, a bucket such as --store s3://BUCKET/PREFIX, or --volume host:/path for a cluster of one node.',
    });
  }
  refuseReadOnly(store);
  for (const name of SECRET_VARIABLES)
    if (options.defaults?.env?.[name] !== undefined) throw secretInEnv(name);
  const { image, imagePullPolicy, storeSecret, serviceAccount, keepFinished, maxPods, maxRuns, defaults } =
    options;
  return clusterSettings({
    namespace,
    store,
    volume,
    ...omitUndefined({ image, imagePullPolicy, storeSecret, serviceAccount, keepFinished, maxPods, maxRuns }),
    ...omitUndefined({ defaults: defaults?.kubernetes, env: defaults?.env }),
  });
}

/** What a context says of all steps; the rest of it is in the settings. */
export function contextDefaults({ defaults }: ClusterOptions): Omit<ContextDefaults, 'kubernetes' | 'env'> {
  const { kubernetes, env, ...steps } = defaults ?? {};
  return steps;
}

const secretInEnv = (name: string): KtError =>
  new KtError({
    code: 'SECRET_IN_ENV',
    path: `defaults.env.${name}`,
    message: `${name} in \`defaults.env\` would stand in ConfigMaps and rendered files for everyone to read.`,
    hint: "Put it into a Secret, and name that: storeSecret: 'NAME', or --store-secret NAME.",
  });

function parseVolume(text: string): DataVolume {
  const [, kind, name = '', mountPath = MOUNT_PATH] = /^(pvc|host):([^:]+)(?::(\/[^:]*))?$/.exec(text) ?? [];
  if (kind === 'pvc' && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name)) return { claim: name, mountPath };
  if (kind === 'host' && name.startsWith('/')) return { hostPath: name, mountPath };
  throw new KtError({
    code: 'BAD_VOLUME',
    path: '--volume',
    message: `"${text}" does not name a volume.`,
    hint: 'Write pvc:CLAIM or host:/path, each with :/mount/path at the end where it is not /mnt/data.',
  });
}
