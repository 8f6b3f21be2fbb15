/** The functions of a bundle by name, loaded module by module. */
import { type AnyFunction, nameExports } from '@kube-transform/sdk';
import type { FunctionCatalog } from '../ports/index.js';

/** The generated part of a bundle: modules by name, and which module has which function. */
export interface BundleCatalog {
  digest: string;
  /** Loads each module, by its name. */
  modules: Record<string, () => Promise<Record<string, unknown>>>;
  functions: Record<string, string>;
}

/** The functions of a bundle; a module is loaded when one of its functions is first asked for. */
export function bundleCatalog({ digest, modules, functions }: BundleCatalog): FunctionCatalog {
  const extra = new Map<string, AnyFunction>();
  const loaded = new Map<string, Promise<Map<string, AnyFunction>>>();
  const loadModule = async (module: string): Promise<Map<string, AnyFunction>> =>
    nameExports(module, (await modules[module]?.()) ?? {});
  return {
    digest,
    names: () => Object.keys(functions),
    register: more => {
      for (const [name, fn] of more) if (functions[name] === undefined) extra.set(name, fn);
    },
    load: async name => {
      const module = functions[name];
      if (module === undefined) return extra.get(name);
      let found = loaded.get(module);
      if (found === undefined) loaded.set(module, (found = loadModule(module)));
      return (await found).get(name);
    },
  };
}
