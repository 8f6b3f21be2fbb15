/** Writes the Dockerfile with which the delivery "docker" builds, and that a project may keep and change. */
import { DEFAULT_IMAGE, MOUNT } from '@kube-transform/runtime/kubernetes';

/** Folders of what is built from: what was bundled, and what it needs beside it. */
export const STAGED = { bundle: 'bundle', packages: 'packages' } as const;

const HEAD = `# The functions of this project on an image with Node, as \`kt deploy --delivery docker\` builds it.
# kt gives BASE, the image of the context, and FROM_KT, the folder with what it has bundled.
ARG BASE=${DEFAULT_IMAGE}
`;
const PACKAGES = `
# Packages that cannot be bundled, such as those with native code, are installed here: for the platform of the image.
FROM \${BASE} AS packages
ARG FROM_KT=.
USER 0
WORKDIR /packages
COPY \${FROM_KT}/${STAGED.packages} ./
RUN mkdir -p node_modules && if [ -f package.json ]; then npm install --omit=dev --no-audit --no-fund; fi
`;
const IMAGE = `
FROM \${BASE}
ARG FROM_KT=.
`;
const COPY_PACKAGES = `COPY --from=packages /packages/node_modules ${MOUNT.bundle}/node_modules
`;
const COPY_BUNDLE = `COPY \${FROM_KT}/${STAGED.bundle} ${MOUNT.bundle}
`;

/**
 * The Dockerfile; without packages it needs neither a shell nor npm in the base. A project that may get some
 * keeps the one with them.
 */
export const dockerfile = ({ packages = true } = {}): string =>
  packages ? `${HEAD}${PACKAGES}${IMAGE}${COPY_PACKAGES}${COPY_BUNDLE}` : `${HEAD}${IMAGE}${COPY_BUNDLE}`;

/** What the builder is given of a project: only what the Dockerfile copies. */
export const DOCKERIGNORE = `# Only what was bundled is sent to the builder; add what else the Dockerfile copies: !fonts
*
!.kt/images
`;

/** Whether a project's Dockerfile is meant for this: another one may be of the project's server. */
export const isForBundles = (text: string): boolean =>
  text.includes(MOUNT.bundle) && text.includes('FROM_KT');
