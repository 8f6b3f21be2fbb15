/** Checks whether there will be a volume behind the claim of a context. */
import {
  type ClusterSettings,
  isKubeError,
  type KubeApi,
  type KubeObject,
  paths,
} from '@kube-transform/runtime/kubernetes';
import type { ClaimConfig } from '@kube-transform/sdk';
import { type Finding, fine, problem, skipped } from './finding.js';

type Claim = KubeObject & {
  spec?: { storageClassName?: string; volumeName?: string; accessModes?: string[] };
  status?: { phase?: string };
};
interface Volume extends KubeObject {
  spec?: { storageClassName?: string; claimRef?: { namespace?: string; name?: string } };
  status?: { phase?: string };
}

const DEFAULT = 'storageclass.kubernetes.io/is-default-class';
const LIST_CLASSES = '`kubectl get storageclasses` lists those that do';

/**
 * Whether the claim of the volume is there, and can be bound. @param wanted what `kt deploy` makes where
 * there is none.
 */
export async function claimFindings(
  api: KubeApi,
  { volume }: ClusterSettings,
  wanted: ClaimConfig | undefined,
): Promise<Finding[]> {
  if (volume === null || !('claim' in volume)) return [];
  const name = volume.claim;
  const claim = await api.get<Claim>(paths.persistentVolumeClaims(api.namespace, name));
  if (claim !== null) return [await ofClaim(api, name, claim)];
  if (wanted === undefined) {
    return [
      problem(
        'volume',
        `There is no claim "${name}" in namespace "${api.namespace}".`,
        "Make a PersistentVolumeClaim of that name, let kt deploy make it (claim: { size: '10Gi' } in kt.config.ts), or give --volume another.",
      ),
    ];
  }
  const { storageClass } = wanted;
  if (storageClass !== undefined && (await isMissing(api, storageClass))) {
    return [
      problem(
        'volume',
        `The claim "${name}" is to have the storage class "${storageClass}", which does not exist.`,
        `${LIST_CLASSES}: claim.storageClass.`,
      ),
    ];
  }
  if (storageClass === undefined && (await hasNothing(api, name))) {
    return [
      problem(
        'volume',
        `The claim "${name}" names no storage class, and the cluster has no default one.`,
        "Name one in kt.config.ts: claim: { size: '10Gi', storageClass: 'NAME' }; `kubectl get storageclasses` lists them.",
      ),
    ];
  }
  return [skipped('volume', `There is no claim "${name}" yet: kt deploy makes it.`)];
}

async function ofClaim(api: KubeApi, name: string, { spec = {}, status }: Claim): Promise<Finding> {
  const { storageClassName: storage = '', volumeName, accessModes: modes = [] } = spec;
  const isBound = status?.phase === 'Bound';
  if (!isBound && storage !== '' && (await isMissing(api, storage))) {
    return problem(
      'volume',
      `The claim "${name}" wants the storage class "${storage}", which does not exist.`,
      `${LIST_CLASSES}; make the claim anew with one of them.`,
    );
  }
  if (!isBound && storage === '' && volumeName === undefined && (await hasNothing(api, name))) {
    return problem(
      'volume',
      `The claim "${name}" waits for a volume: it names no storage class, and the cluster has no default one.`,
      '`kubectl get storageclasses` lists what there is; make the claim anew with one of them, or a volume for it.',
    );
  }
  const note = modes.includes('ReadWriteMany')
    ? ''
    : ` Its access mode is ${modes.join(', ')}: all pods have to be on one node.`;
  return fine('volume', `The claim "${name}" is ${status?.phase ?? 'there'}.${note}`);
}

const isMissing = async (api: KubeApi, storage: string): Promise<boolean> =>
  (await api.get<KubeObject>(paths.storageClasses(storage)).catch(unknown)) === null;

/**
 * True where no volume is made for a claim without a class, and none is free. False where the right to look
 * is missing.
 */
async function hasNothing(api: KubeApi, name: string): Promise<boolean> {
  const [classes, volumes] = await Promise.all([
    api.list<KubeObject>(paths.storageClasses()).catch(unknown),
    api.list<Volume>(paths.persistentVolumes()).catch(unknown),
  ]);
  if (classes === undefined || volumes === undefined) return false;
  const byDefault = classes.items.some(({ metadata }) => metadata.annotations?.[DEFAULT] === 'true');
  const isFor = ({ claimRef = { namespace: api.namespace, name } }: NonNullable<Volume['spec']>): boolean =>
    claimRef.namespace === api.namespace && claimRef.name === name;
  const isFree = ({ spec = {}, status }: Volume): boolean =>
    status?.phase !== 'Bound' && (spec.storageClassName ?? '') === '' && isFor(spec);
  return !byDefault && !volumes.items.some(isFree);
}

function unknown(error: unknown): undefined {
  if (!isKubeError(error, 403)) throw error;
}
