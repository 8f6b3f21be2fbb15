/** The functions of a bundle by name, loaded module by module. */
import { type AnyFunction, KtError, nameExports } from '@kube-transform/sdk';
import { Format } from '../parse/format.js';
import { record, shapeOf, table, text } from '../parse/shapes.js';
import { threw } from '../parse/thrown.js';
import type { FunctionCatalog } from '../ports/index.js';

/** The generated part of a bundle: modules by name, and which module has which function. */
export interface BundleCatalog {
  digest: string;
  /** Loads each module, by its name. */
  modules: Record<string, () => Promise<Record<string, unknown>>>;
  functions: Record<string, string>;
  /** Size and CRC-32 of each file of its code. */
  sums: Record<string, string>;
}

type Modules = BundleCatalog['modules'];

/** The modules of a bundle: each is a function that loads it, which nothing can be told of before. */
export const MODULES = table<Modules[string]>(
  shapeOf('a function', (value): value is Modules[string] => typeof value === 'function'),
);

/** A catalog, as generated code hands it over. */
export const CATALOG = new Format<BundleCatalog>({
  name: 'catalog of a bundle',
  code: 'BAD_BUNDLE',
  hint: 'Make the bundle anew: delete it, and run the command again.',
  shape: record<BundleCatalog>({ digest: text, modules: MODULES, functions: table(text), sums: table(text) }),
});

/** The functions of a bundle; a module is loaded when one of its functions is first asked for. */
export function bundleCatalog({ digest, modules, functions }: Omit<BundleCatalog, 'sums'>): FunctionCatalog {
  const extra = new Map<string, AnyFunction>();
  const loaded = new Map<string, Promise<Map<string, AnyFunction>>>();
  const loadModule = async (module: string): Promise<Map<string, AnyFunction>> => {
    try {
      return nameExports(module, (await modules[module]?.()) ?? {});
    } catch (thrown) {
      const { message, stack = '' } = threw(thrown);
      const error = new Error(`The module "${module}" throws when it is loaded: ${message}`, {
        cause: thrown,
      });
      throw Object.assign(error, { stack });
    }
  };
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
      const fn = (await found).get(name);
      if (fn === undefined) throw notThere(name, module);
      return fn;
    },
  };
}

/** A name is one module's, so that an index that was changed never leads to other code. */
const notThere = (name: string, module: string): KtError =>
  new KtError({
    code: 'BUNDLE_CHANGED',
    path: name,
    message: `The index of the bundle says that the function "${name}" is in the module "${module}", and it is not there.`,
    hint: 'Make the bundle anew: delete it, and run the command again.',
  });
