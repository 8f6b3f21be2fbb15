/** The documents of an image as a registry sends them: checked, and passed on with all that they hold. */
import {
  list,
  number,
  object,
  optional,
  type Origin,
  parseText,
  record,
  type Shape,
  table,
  text,
  whole,
} from '@kube-transform/runtime/internal';

/** What names another document or a blob. */
export interface Descriptor {
  mediaType: string;
  digest: string;
  /** Bytes. */
  size: number;
  platform?: { os: string; architecture: string; variant?: string } | undefined;
  annotations?: Record<string, string>;
}

/** The image of one platform. */
export interface ImageManifest {
  schemaVersion: 2;
  mediaType?: string;
  config: Descriptor;
  layers: Descriptor[];
}

/** The images of several platforms. */
export interface ImageIndex {
  schemaVersion: 2;
  mediaType?: string;
  manifests: Descriptor[];
}

/** How an image is run, and what its layers hold. */
export interface ImageConfig {
  os?: string;
  architecture?: string;
  variant?: string;
  rootfs: { type: 'layers'; diff_ids: string[] };
  history?: object[];
  [field: string]: unknown;
}

const DESCRIPTOR = record<Descriptor>({
  mediaType: text,
  digest: text,
  size: number,
  platform: optional(
    record<NonNullable<Descriptor['platform']>>({ os: text, architecture: text, variant: optional(text) }),
  ),
  annotations: optional(table(text)),
});
const MANIFEST = whole<ImageManifest>(
  record<object>({ config: DESCRIPTOR, layers: list(DESCRIPTOR), mediaType: optional(text) }),
);
const INDEX = whole<ImageIndex>(record<object>({ manifests: list(DESCRIPTOR), mediaType: optional(text) }));
const CONFIG = whole<ImageConfig>(
  record<object>({
    os: optional(text),
    architecture: optional(text),
    variant: optional(text),
    rootfs: record<object>({ diff_ids: list(text) }),
    history: optional(list(object)),
  }),
);

const parsed =
  <T>(shape: Shape<T>, name: string) =>
  (bytes: Uint8Array, file: string): T => {
    const hint = 'Is it an image? Say which to build upon: --image.';
    return parseText(shape, bytes, { file, name, code: 'BAD_IMAGE', hint } satisfies Origin);
  };

/** The manifest of an image; `file` names it, for messages. @throws KtError `BAD_IMAGE`. */
export const parseManifest = parsed(MANIFEST, 'image manifest');
/** The index of an image. @throws KtError `BAD_IMAGE`. */
export const parseIndex = parsed(INDEX, 'image index');
/** The configuration of an image. @throws KtError `BAD_IMAGE`. */
export const parseImageConfig = parsed(CONFIG, 'image configuration');
