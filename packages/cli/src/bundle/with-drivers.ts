/**
 * A bundle with the drivers for its run's store, where that is no folder, and for those that kt.config.ts
 * names: it has a digest of its own.
 */
import { existsSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, functionsIn, INDEX, indexText, sumsOf } from '@kube-transform/runtime/internal';
import { type FoundConfig, loadConfig } from '../project/load-config.js';
import { buildDriver } from './build-bundle.js';
import { driverFile, driversFor } from './drivers.js';
import { type Bundle, putBundle, sizesOf } from './make-bundle.js';

/**
 * The bundle, with what its workers need to open its run's store and those that functions open.
 *
 * @param known a configuration that was read: it is not read again where it is that of the bundle's project.
 * @throws KtError `PACKAGE_MISSING`, and what is wrong with the configuration of the project.
 */
export async function withDrivers(
  bundle: Bundle,
  store: string,
  known?: FoundConfig | null,
): Promise<Bundle> {
  const found = known?.dir === bundle.projectDir ? known : await loadConfig(bundle.projectDir);
  const { drivers = [] } = found?.config ?? {};
  const missing = driversFor(store, drivers).filter(({ kind }) => !(driverFile(kind) in bundle.files));
  if (missing.length === 0) return bundle;
  const bodies = new Map<string, Uint8Array>();
  for (const driver of missing)
    bodies.set(driverFile(driver.kind), await buildDriver(driver, bundle.projectDir));
  const added = [...bodies.keys()];
  for (const own of Object.keys(bundle.files)) bodies.set(own, await readFile(join(bundle.dir, own)));
  const read = (file: string): Uint8Array => bodies.get(file) ?? new Uint8Array();
  const digest = digestOf(bodies.keys(), read);
  const dir = join(bundle.projectDir, '.kt', 'bundles', digest);
  if (!existsSync(dir)) {
    const functions = functionsIn(await readFile(join(bundle.dir, INDEX), 'utf8')) ?? {};
    const index = indexText({ digest, functions, sums: sumsOf(bodies.keys(), read) });
    await putBundle(bundle.projectDir, dir, async temp => {
      await cp(bundle.dir, temp, { recursive: true });
      for (const name of added) await writeFile(join(temp, name), read(name));
      await writeFile(join(temp, INDEX), index);
    });
  }
  return {
    ...bundle,
    ...{ digest, dir, files: sizesOf(bodies) },
    worker: join(dir, 'worker.mjs'),
    catalog: join(dir, 'catalog.mjs'),
  };
}
