/** Chooses the delivery that a context wants, or what it says of images asks for. */
import type { ContextConfig } from '@kube-transform/sdk';
import type { ClusterOptions } from '../project/resolve-context.js';
import { configMaps } from './config-maps.js';
import type { Delivery, DeliveryOptions } from './delivery.js';

/** The delivery of a context. */
export function chooseDelivery(
  context: ClusterOptions,
  { dryRun = false, progress, ...given }: DeliveryOptions,
): Delivery {
  switch (wayOf(context)) {
    case 'bundle':
      return configMaps({ ...context, ...given });
    case 'registry':
      return later(async () =>
        (await import('./registry-image.js')).registryImage(context, { dryRun, progress }),
      );
    case 'docker':
      return later(async () =>
        (await import('./docker-image.js')).dockerImage(context, { dryRun, progress }),
      );
  }
}

/** What speaks to registries and builders is loaded by those who need it. */
const later = (load: () => Promise<Delivery>): Delivery => ({
  deliver: async (bundle, settings) => (await load()).deliver(bundle, settings),
});

/** The way that is named; else what a command that builds, or a repository, is there for. */
export const wayOf = ({
  delivery,
  build,
  repository,
}: Pick<ClusterOptions, 'delivery' | 'build' | 'repository'>): NonNullable<ContextConfig['delivery']> =>
  delivery ?? (build !== undefined ? 'docker' : repository !== undefined ? 'registry' : 'bundle');
