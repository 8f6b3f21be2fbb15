/** A bundle with the driver for its run's store, where that is no folder: it has a digest of its own. */
import { existsSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, functionsIn, INDEX, indexText, sumsOf } from '@kube-transform/runtime/internal';
import { buildDriver } from './build-bundle.js';
import { driverFile, driverOf } from './drivers.js';
import { type Bundle, putBundle, sizesOf } from './make-bundle.js';

/** The bundle, with what its workers need to open a store. */
export async function withDriver(bundle: Bundle, store: string): Promise<Bundle> {
  const driver = driverOf(store);
  if (driver === undefined) return bundle;
  const name = driverFile(driver.kind);
  if (name in bundle.files) return bundle;
  const bodies = new Map<string, Uint8Array>([[name, await buildDriver(driver, bundle.projectDir)]]);
  for (const own of Object.keys(bundle.files)) bodies.set(own, await readFile(join(bundle.dir, own)));
  const read = (file: string): Uint8Array => bodies.get(file) ?? new Uint8Array();
  const digest = digestOf(bodies.keys(), read);
  const dir = join(bundle.projectDir, '.kt', 'bundles', digest);
  if (!existsSync(dir)) {
    const functions = functionsIn(await readFile(join(bundle.dir, INDEX), 'utf8')) ?? {};
    const index = indexText({ digest, functions, sums: sumsOf(bodies.keys(), read) });
    await putBundle(bundle.projectDir, dir, async temp => {
      await cp(bundle.dir, temp, { recursive: true });
      await writeFile(join(temp, name), read(name));
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
