/** Loads the modules of a bundle into this process. */
import 'reflect-metadata';
import { threw, MODULES, parseAs } from '@kube-transform/runtime/internal';
import { isKtError, isPipeline, KtError, nameExports, type Pipeline } from '@kube-transform/sdk';

type Modules = Record<string, () => Promise<Record<string, unknown>>>;

/** Loads one module. @throws KtError `MODULE_FAILED` where the user's code throws while it is loaded. */
export async function loadModule(modules: Modules, name: string): Promise<Record<string, unknown>> {
  try {
    return (await modules[name]?.()) ?? {};
  } catch (error) {
    if (isKtError(error)) throw new KtError(error.problems, { cause: error });
    const { name: kind, message } = threw(error);
    throw new KtError(
      {
        code: 'MODULE_FAILED',
        path: name,
        message: `The module "${name}" throws when it is loaded: ${kind}: ${message}`,
      },
      { cause: error },
    );
  }
}

const BROKEN = {
  name: 'catalog of a bundle',
  code: 'BAD_BUNDLE',
  hint: 'Delete the bundle: it is made anew.',
};

/** The bundle's modules, by name. @throws KtError `BAD_BUNDLE`. */
export async function catalogOf(url: string): Promise<Modules> {
  const { modules } = (await import(url)) as { modules?: unknown };
  return parseAs(MODULES, modules, { ...BROKEN, file: url });
}

/**
 * Which module has which function. @throws KtError `DUPLICATE_FUNCTION` where two functions have one name.
 */
export async function functionModules(url: string): Promise<Record<string, string>> {
  const modules = await catalogOf(url);
  const owner = new Map<string, { module: string; fn: unknown }>();
  for (const module of Object.keys(modules)) {
    for (const [name, fn] of nameExports(module, await loadModule(modules, module))) {
      const other = owner.get(name);
      if (other !== undefined && other.fn !== fn) {
        throw new KtError({
          code: 'DUPLICATE_FUNCTION',
          path: name,
          message: `The functions of "${other.module}" and "${module}" have the same name "${name}".`,
          hint: 'Give one of them another `name`.',
        });
      }
      if (other === undefined) owner.set(name, { module, fn });
    }
  }
  return Object.fromEntries(
    [...owner].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { module }]) => [name, module]),
  );
}

/** The pipelines that a module exports: the default export, and those under a name. */
export function pipelinesOf(exports: Record<string, unknown>): Pipeline[] {
  return [...new Set(Object.values(exports).filter(isPipeline))];
}
