import { clusterSettings } from '@kube-transform/runtime/kubernetes';
import { expect, test } from 'vitest';
import { claimObjects } from './claim-object.js';

const settings = (
  volume: Parameters<typeof clusterSettings>[0]['volume'],
): ReturnType<typeof clusterSettings> =>
  clusterSettings({ namespace: 'jobs', store: 'file:/mnt/data', volume });
const claimed = settings({ claim: 'data', mountPath: '/mnt/data' });

test('claimObjects - a context without a claim makes none', () => {
  expect(claimObjects({}, claimed)).toEqual([]);
});

test('claimObjects - a claim has the name of the volume, and what the context says', () => {
  const [made] = claimObjects(
    { claim: { size: '10Gi', storageClass: 'fast', accessMode: 'ReadWriteMany' } },
    claimed,
  );
  expect(made).toMatchObject({
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'jobs' },
    spec: {
      accessModes: ['ReadWriteMany'],
      resources: { requests: { storage: '10Gi' } },
      storageClassName: 'fast',
    },
  });
  const [plain] = claimObjects({ claim: { size: '10Gi' } }, claimed);
  expect(plain).toMatchObject({ spec: { accessModes: ['ReadWriteOnce'] } });
  expect(plain).not.toHaveProperty('spec.storageClassName');
});

test('claimObjects - a volume of another kind has no claim', () => {
  expect(
    claimObjects({ claim: { size: '10Gi' } }, settings({ hostPath: '/data', mountPath: '/mnt/data' })),
  ).toEqual([]);
});
