/*
 * Finds packages that cannot be bundled: they stay outside, in `node_modules` beside the bundle.
 *
 * OP1 A package is left outside because of what it is: it has native code, or it looks for files of its own
 *     beside its code.
 * OP2 What is left outside has to be found from the project's own folder: from there the bundle imports it.
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { join, resolve } from 'node:path';
import { readFile } from 'node:fs/promises';
import { fits, flag, json, record, type Shape, table, text, tryJson } from '@kube-transform/runtime/internal';
import type { Metafile, Plugin } from 'esbuild';

/** A package that stays outside. */
export interface OutsidePackage {
  name: string;
  version: string;
  dir: string;
  /** Why, in words. */
  reason: string;
  native: boolean;
}

interface PackageJson {
  name?: string;
  version?: string;
  main?: string;
  gypfile?: boolean;
  binary?: unknown;
  optionalDependencies?: Record<string, unknown>;
}

/** Packages of others may say anything: a field that is not as it should be is left out. */
const ifSo =
  <T>(shape: Shape<T>): Shape<T | undefined> =>
  value =>
    fits(shape, value);
const PACKAGE_JSON = record<PackageJson>({
  name: ifSo(text),
  version: ifSo(text),
  main: ifSo(text),
  gypfile: ifSo(flag),
  binary: ifSo(json),
  optionalDependencies: ifSo(table(json)),
});

const PLATFORM = /(?:^|[-_/])(?:linux|darwin|win32|android|freebsd)[-_](?:x64|arm64|ia32|arm|amd64|x86_64)/;
/** A file that looks for others beside itself. */
const LOOKS_AROUND = /\b__dirname\b|\b__filename\b|\bimport\.meta\.(?:url|dirname|filename)\b/;
const READS =
  /\breadFile(?:Sync)?\b|\bcreateReadStream\b|\bnew Worker\b|\brequire\.resolve\b|\.wasm\b|\.node\b|\bdlopen\b|\bexistsSync\b|\bfork\(/;
const OWN = /^@kube-transform\//;

/** Why a package has native code; undefined where it has none. */
export function nativeReason(dir: string, manifest: PackageJson): string | undefined {
  if (manifest.gypfile === true || existsSync(join(dir, 'binding.gyp'))) return 'is compiled (binding.gyp)';
  if (existsSync(join(dir, 'prebuilds'))) return 'has native code (prebuilds)';
  if (manifest.binary !== undefined) return 'fetches native code ("binary" in its package.json)';
  if (manifest.main?.endsWith('.node') === true) return 'is native code';
  const platform = Object.keys(manifest.optionalDependencies ?? {}).find(name => PLATFORM.test(name));
  return platform === undefined ? undefined : `has native code for each platform (${platform}, …)`;
}

/** Collects packages and leaves them outside. */
export class OutsidePackages {
  readonly found = new Map<string, OutsidePackage>();
  readonly #projectDir: string;
  readonly #looked = new Map<string, OutsidePackage | null>();

  constructor(projectDir: string) {
    this.#projectDir = projectDir;
  }

  /** The part of the bundler that leaves them out. */
  plugin(): Plugin {
    return {
      name: 'kt-outside-packages',
      setup: build => {
        build.onResolve({ filter: /^[^./]/ }, ({ path, kind, pluginData }) => {
          if (
            kind === 'entry-point' ||
            pluginData === 'kt' ||
            isBuiltin(path) ||
            path.startsWith('kt:') ||
            OWN.test(path) ||
            /^[A-Za-z]:[\\/]/.test(path)
          )
            return undefined;
          const name = nameIn(path);
          return this.found.has(name) || this.#isNative(name) ? { path, external: true } : undefined;
        });
      },
    };
  }

  /**
   * Finds packages that look around in what a build took. True where there are any: the next build leaves
   * them out.
   */
  async findIn({ outputs }: Pick<Metafile, 'outputs'>): Promise<boolean> {
    const known = this.found.size;
    const taken = Object.values(outputs).flatMap(({ inputs }) =>
      Object.keys(inputs).filter(path => (inputs[path]?.bytesInOutput ?? 0) > 0),
    );
    const files = [...new Set(taken)].filter(path => /(?:^|[\\/])node_modules[\\/].*\.[cm]?js$/.test(path));
    await Promise.all(
      files.map(async path => {
        const file = resolve(this.#projectDir, path);
        const text = await readFile(file, 'utf8');
        if (LOOKS_AROUND.test(text) && READS.test(text)) this.#looksAround(file);
      }),
    );
    return this.found.size > known;
  }

  #isNative(name: string): boolean {
    const dir = this.#dirOf(name);
    if (dir === undefined) return false;
    let known = this.#looked.get(dir);
    if (known === undefined) {
      const manifest = readPackageJson(dir);
      const reason = nativeReason(dir, manifest);
      known =
        reason === undefined ? null : { name, version: manifest.version ?? '', dir, reason, native: true };
      this.#looked.set(dir, known);
      if (known !== null) this.found.set(name, known);
    }
    return known !== null;
  }

  #looksAround(file: string): void {
    const [, name] = /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file) ?? [];
    if (name === undefined || OWN.test(name) || this.found.has(name)) return;
    const dir = this.#dirOf(name);
    // Only where the project itself finds this very package.
    if (dir === undefined || !file.startsWith(realpathSync(dir))) return;
    this.found.set(name, {
      name,
      version: readPackageJson(dir).version ?? '',
      dir,
      reason: 'looks for files beside its code',
      native: false,
    });
  }

  /** The folder of a package as the project finds it. */
  #dirOf(name: string): string | undefined {
    for (const folder of createRequire(join(this.#projectDir, 'x.js')).resolve.paths(name) ?? []) {
      const dir = join(folder, name);
      if (existsSync(join(dir, 'package.json'))) return dir;
    }
    return undefined;
  }
}

const nameIn = (path: string): string =>
  path
    .split('/')
    .slice(0, path.startsWith('@') ? 2 : 1)
    .join('/');

function readPackageJson(dir: string): PackageJson {
  try {
    return fits(PACKAGE_JSON, tryJson(readFileSync(join(dir, 'package.json'), 'utf8'))) ?? {};
  } catch {
    return {};
  }
}
