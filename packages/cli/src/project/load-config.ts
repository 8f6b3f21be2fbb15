/** Reads the configuration of a project: `kt.config.ts`, or the starter kit's `kt-contexts.json`. */
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  didYouMean,
  issuePath,
  KtError,
  type Problem,
  type ProjectConfig,
  type StandardSchema,
} from '@kube-transform/sdk';
import { threw, parseJson } from '@kube-transform/runtime/internal';
import { build, type Plugin } from 'esbuild';
import { bundleError } from './esbuild-error.js';
import { newFolder, ownFolder } from './own-folder.js';
import { configSchema, fromLegacy, legacySchema } from './config-schema.js';

/** A configuration and where it was found. */
export interface FoundConfig {
  /** Name of the file. */
  file: string;
  /** The folder that its paths are relative to. */
  dir: string;
  config: ProjectConfig;
}

const CONFIG_FILES = ['kt.config.ts', 'kt.config.mts', 'kt.config.js', 'kt.config.mjs'];
const LEGACY = 'kt-contexts.json';

/**
 * The configuration of a project; null where there is none.
 *
 * @throws KtError `BAD_CONFIG` with everything that is wrong with it, `CONFIG_FAILED` where it throws,
 * `BUNDLE_FAILED` where it cannot be read.
 */
export async function loadConfig(dir: string): Promise<FoundConfig | null> {
  const file = CONFIG_FILES.find(name => existsSync(join(dir, name)));
  if (file !== undefined) {
    const config = (await validated(configSchema, await evaluate(dir, file), file)) as ProjectConfig;
    checkDefault(config, file);
    return { file, dir, config };
  }
  if (!existsSync(join(dir, LEGACY))) return null;
  return {
    file: LEGACY,
    dir,
    config: fromLegacy(
      (await validated(legacySchema, await readLegacy(dir), LEGACY)) as Parameters<typeof fromLegacy>[0],
    ),
  };
}

const readLegacy = async (dir: string): Promise<unknown> =>
  parseJson(await readFile(join(dir, LEGACY)), {
    file: LEGACY,
    name: 'configuration',
    code: 'BAD_CONFIG',
    hint: 'Mend it, or write kt.config.ts in its place.',
  });

const SDK = fileURLToPath(import.meta.resolve('@kube-transform/sdk'));

/** Takes of the SDK what a configuration uses, one small function as a rule: its rest takes long to load. */
const sdkWithin: Plugin = {
  name: 'sdk-within',
  setup(b) {
    b.onResolve({ filter: /^@kube-transform\/sdk$/ }, () => ({ path: SDK, sideEffects: false }));
    b.onResolve({ filter: /^zod$/ }, ({ path, importer }) =>
      importer.startsWith(dirname(SDK) + sep)
        ? { path: import.meta.resolve(path), external: true }
        : undefined,
    );
  },
};

/** What a module exports by default; other packages that it imports stay where they are. */
async function evaluate(dir: string, file: string): Promise<unknown> {
  const { outputFiles } = await build({
    entryPoints: [join(dir, file)],
    absWorkingDir: dir,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    plugins: [sdkWithin],
    write: false,
    logLevel: 'silent',
  }).catch(async (error: unknown) => {
    throw await bundleError(error);
  });
  const temp = await newFolder(await ownFolder(dir), '.config');
  try {
    const path = join(temp, 'config.mjs');
    await writeFile(path, outputFiles[0]?.contents ?? '');
    return ((await import(pathToFileURL(path).href)) as { default?: unknown }).default;
  } catch (error) {
    const { name, message } = threw(error);
    throw new KtError(
      { code: 'CONFIG_FAILED', path: file, message: `It throws when it is loaded: ${name}: ${message}` },
      { cause: error },
    );
  } finally {
    await rm(temp, { recursive: true, force: true });
  }
}

async function validated(schema: StandardSchema, value: unknown, file: string): Promise<unknown> {
  if (value === undefined) {
    const hint = "Write: export default defineConfig({ contexts: { dev: { namespace: 'jobs' } } }).";
    throw new KtError({ code: 'BAD_CONFIG', path: file, message: 'It exports nothing by default.', hint });
  }
  const result = await schema['~standard'].validate(value);
  if (result.issues === undefined) return result.value;
  const problems = result.issues.map((issue): Problem => ({
    code: 'BAD_CONFIG',
    path: `${file} ${issuePath(issue)}`.trim(),
    message: `${issue.message}.`,
  }));
  throw new KtError(problems);
}

function checkDefault({ contexts, default: name }: ProjectConfig, file: string): void {
  if (name === undefined || contexts[name] !== undefined) return;
  const hint =
    didYouMean(name, Object.keys(contexts)) ?? `There are: ${Object.keys(contexts).join(', ') || 'none'}.`;
  throw new KtError({
    code: 'BAD_CONFIG',
    path: `${file} default`,
    message: `There is no context "${name}".`,
    hint,
  });
}
