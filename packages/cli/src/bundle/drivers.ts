/**
 * Drivers of stores that need large packages: each is a file of its own in a bundle, which comes along only
 * where a run's store, or `drivers` of kt.config.ts, asks for it.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import { KtError, type StoreDriver } from '@kube-transform/sdk';

/** A kind of store, with the package that it needs and whoever uses it installs. */
export interface Driver {
  kind: StoreDriver;
  peer?: string;
}

const DRIVERS: readonly Driver[] = [
  { kind: 's3' },
  { kind: 'gs', peer: 'google-auth-library' },
  { kind: 'az' },
];
const THIS_FOLDER = dirname(fileURLToPath(import.meta.url));

/**
 * The drivers that open the store of a URL and further kinds of stores; none for those that every bundle can
 * open.
 */
export const driversFor = (store: string, further: readonly StoreDriver[]): Driver[] =>
  DRIVERS.filter(({ kind }) => store.toLowerCase().startsWith(`${kind}:`) || further.includes(kind));

/** The name of a driver's file in a bundle. */
export const driverFile = (kind: string): string => `store-${kind}.mjs`;

/** The files of all drivers, as modules of a bundle import them. */
export const DRIVER_FILES = DRIVERS.map(({ kind }) => `./${driverFile(kind)}`);

/** What a driver's file is made of. */
export const driverEntry = ({ kind }: Driver): { contents: string; resolveDir: string } => ({
  contents: `export { ${kind}FileStore } from "@kube-transform/runtime/drivers/${kind}";\n`,
  resolveDir: THIS_FOLDER,
});

/** Has modules of a bundle import drivers from their files. */
export const driversBeside: Plugin = {
  name: 'kt-drivers',
  setup(b) {
    b.onResolve({ filter: /\/(s3|gs|az)-file-store\.js$/ }, ({ kind, path }) => {
      const [, driver = ''] = /(\w+)-file-store\.js$/.exec(path) ?? [];
      return kind === 'dynamic-import' ? { path: driver, namespace: 'kt-driver' } : undefined;
    });
    b.onLoad({ filter: /.*/, namespace: 'kt-driver' }, ({ path }) => ({
      // Where the file is not there, `openStore` says what to do.
      contents: `export const { ${path}FileStore } = await import(${JSON.stringify(`./${driverFile(path)}`)});`,
    }));
  },
};

/**
 * Takes the package that a driver needs from the project, wherever kt itself is installed.
 *
 * @throws KtError `PACKAGE_MISSING`.
 */
export function peerOfProject({ kind, peer }: Driver, projectDir: string): Plugin {
  if (peer !== undefined && !isInstalled(peer, projectDir))
    throw new KtError({
      code: 'PACKAGE_MISSING',
      path: '',
      message: `Stores of ${kind}: need the package ${peer}, which is not installed in ${projectDir}.`,
      hint: `Run \`npm install ${peer}\` there.`,
    });
  return {
    name: 'kt-peer',
    setup(b) {
      if (peer === undefined) return;
      b.onResolve({ filter: new RegExp(`^${peer}$`) }, ({ pluginData, kind }) =>
        pluginData === 'itself'
          ? undefined
          : b.resolve(peer, { kind, resolveDir: projectDir, pluginData: 'itself' }),
      );
    },
  };
}

const isInstalled = (name: string, dir: string): boolean =>
  existsSync(join(dir, 'node_modules', name, 'package.json')) ||
  (dirname(dir) !== dir && isInstalled(name, dirname(dir)));
