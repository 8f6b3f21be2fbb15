/** The interface of deliveries: the ways in which a bundle gets to where pods find it. */
import { KtError } from '@kube-transform/sdk';
import {
  bundleRef,
  type BundleRef,
  type ClusterSettings,
  type ConfigMap,
  type KubeApi,
} from '@kube-transform/runtime/kubernetes';
import type { Bundle } from '../bundle/make-bundle.js';
import type { FoundConfig } from '../project/load-config.js';

/** Brings bundles to where pods find them. */
export interface Delivery {
  /**
   * Brings a bundle to pods that have these settings.
   *
   * @throws KtError `NO_REPOSITORY`, and what a registry, a builder or the cluster refuses.
   */
  deliver(bundle: Bundle, settings: ClusterSettings): Promise<Delivered>;
}

/** How to deliver. */
export interface DeliveryOptions {
  /** Where ConfigMaps are created at once. Without it the caller applies them. */
  api?: KubeApi;
  /** Push and build nothing; only say what would come of it. Default false. */
  dryRun?: boolean;
  /** Of the project, where it was read already. */
  config?: FoundConfig | null;
  /** Is told what takes time. */
  progress: (text: string) => void;
}

/** A bundle that pods find. */
export interface Delivered {
  published: PublishedBundle;
  /** With the image that holds the bundle, where one does. */
  settings: ClusterSettings;
  /** What is still to be applied to the cluster; empty where all is done. */
  objects: ConfigMap[];
}

/** What was published. */
export interface PublishedBundle {
  digest: string;
  /** ConfigMaps; 0 where an image holds the bundle. */
  parts: number;
  /** Variables that hold what workers load, for pods that mount nothing. Default: none do. */
  codeParts?: number;
  /** False where it was there already. */
  isNew: boolean;
}

/** What runs and versions keep of it. */
export const refOf = ({ digest, parts, ...rest }: Omit<PublishedBundle, 'isNew'>): BundleRef =>
  bundleRef({ ...rest, digest, bundleParts: parts });

/** A bundle that is there already. */
export function publishedBefore(ref: BundleRef): PublishedBundle {
  const { bundleParts: parts, ...rest } = bundleRef(ref);
  return { ...rest, parts, isNew: false };
}

/** A way that pushes images was chosen, and no repository was named. */
export const noRepository = (delivery: 'registry' | 'docker'): KtError =>
  new KtError({
    code: 'NO_REPOSITORY',
    path: '--repository',
    message: `The delivery "${delivery}" needs a repository to push to.`,
    hint: 'Say which: --repository registry.example/team/pipelines, or repository in kt.config.ts.',
  });
