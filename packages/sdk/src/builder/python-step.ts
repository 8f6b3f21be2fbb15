/** Steps that call functions of Python in an image that has them: container steps with a launcher as text. */
import { KtError } from '../errors.js';
import { isObject, type Json } from '../json.js';
import type { SchemaOutput, StandardSchema } from '../standard-schema.js';
import { addContainer, type ContainerOptions, type ContainerSpec } from './container-step.js';
import { callWithRefs, checkEach, type PipelineState } from './pipeline-state.js';
import type { Arg } from './ref-types.js';

/**
 * Where the result of a function of Python goes.
 *
 * - `json`: it is printed as the last line, at most 100,000 bytes of JSON. The default.
 * - `none`: what the function returns is not looked at; the result is null.
 * - `{ key }`: it is written to a path in the run's file store, for larger ones. May hold refs.
 *
 * @example
 * ```ts
 * const result: PythonResult = { key: 'out/clean.json' };
 * ```
 */
export type PythonResult = 'json' | 'none' | { key: Arg<string> };

/**
 * Which function of Python a step calls, with refs where it depends on parameters and earlier results.
 *
 * @example
 * ```ts
 * const image = 'ghcr.io/acme/etl:7';
 * const spec: PythonSpec = { image, function: 'my_module.clean', args: { path: 'raw.csv' } };
 * ```
 */
export interface PythonSpec<
  R extends PythonResult = PythonResult,
  O extends StandardSchema = StandardSchema,
> extends Omit<ContainerSpec<never, O>, 'command' | 'args' | 'result'> {
  /** Module and function, dotted, below the package: `my_module.clean`. */
  function: Arg<string>;
  /** Keyword arguments, as JSON of at most 100,000 bytes; may hold refs, or be one. Default none. */
  args?: object;
  /** Package that has the modules. Default `kt_functions`; looked for in the working folder and in /app. */
  package?: string;
  /** Program, Python 3.7 or newer. Default `python`. */
  interpreter?: string;
  /** Where the result goes. Default `json`. */
  result?: R;
}

/**
 * The result of a function of Python: null, or what its schema says of its JSON.
 *
 * @example
 * ```ts
 * const rows: PythonResultOf<'json', StandardSchema> = [1, 2];
 * ```
 */
export type PythonResultOf<R, O extends StandardSchema> =
  unknown extends SchemaOutput<O> ? (R extends 'none' ? null : Json) : SchemaOutput<O>;

/*
 * What `python -c` is given. Its arguments: package, function, arguments as JSON, and "none", "json" or the
 * path of the result.
 *
 * - Both streams become one, so that the result is the last line of it. It is written after all that Python
 *   does at its end: threads, and what modules have registered.
 * - What the function throws is a traceback and exit code 1; sys.exit(99) is exit code 99.
 */
const LAUNCHER = `import atexit, importlib, json, os, sys
package, name, given, to = [os.fsencode(arg).decode('utf-8') for arg in sys.argv[1:]]
os.dup2(1, 2)
out = os.dup(1)
lines = []
def end():
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:
        pass
    for line in lines:
        with os.fdopen(out, 'wb') as stream:
            stream.write(b'\\n' + line + b'\\n')
atexit.register(end)
sys.stdout.reconfigure(line_buffering=True)
sys.path += [folder for folder in (os.getcwd(), '/app') if folder not in sys.path]
def plain(value):
    for way in ('model_dump', 'tolist', 'isoformat', '__fspath__'):
        if callable(getattr(value, way, None)):
            return getattr(value, way)()
    raise TypeError('the result of %s holds a %s, which is no JSON' % (name, type(value).__name__))
def keep(text):
    folder = os.environ['DATA_DIR'].split('?')[0]
    folder = folder[5:] if folder.startswith('file:') else folder
    path = os.path.join(folder, to)
    if '://' in folder:
        import fsspec
        with fsspec.open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    part = '%s.%s.part' % (path, os.urandom(4).hex())
    with open(part, 'w', encoding='utf-8') as file:
        file.write(text)
    os.replace(part, path)
def run():
    module, _, function = name.rpartition('.')
    call = getattr(importlib.import_module('.'.join(filter(None, (package, module)))), function)
    try:
        value = call(**json.loads(given))
    except SystemExit as ended:
        if ended.code not in (None, 0):
            raise
        value = None
    if to == 'none':
        return
    text = json.dumps(value, default=plain, allow_nan=False)
    if to != 'json':
        return keep(text)
    if len(text) > 100000:
        raise ValueError('the result of %s has %d bytes as JSON, and may have 100000: give the step a result: '
            '{ key }, or write a file and return its path' % (name, len(text)))
    lines.append(text.encode())
run()
`;

/** Adds a step that calls a function of Python, once or for each element of a list. */
export function addPython(
  state: PipelineState,
  { name, isMap }: { name: string; isMap: boolean },
  { given, options }: { given: unknown; options: ContainerOptions },
): PipelineState {
  const said = typeof given === 'function' ? callWithRefs(state, name, given as () => unknown) : given;
  if (!isMap) return addContainer(state, { name, isMap }, { given: containerOf(name, said), options });
  const { items, args } = checkEach(name, said);
  return addContainer(state, { name, isMap }, { given: { items, args: containerOf(name, args) }, options });
}

/** The container that calls the function. */
function containerOf(name: string, spec: unknown): object {
  if (!isObject(spec) || Array.isArray(spec) || !('function' in spec))
    throw badPython(name, 'does not say which function of Python it calls');
  const {
    function: called,
    args = {},
    package: home = 'kt_functions',
    interpreter = 'python',
    result = 'json',
    ...container
  } = spec;
  if (typeof called === 'string' && !DOTTED.test(called))
    throw badPython(name, `calls ${JSON.stringify(called)}, which is no dotted name of module and function`);
  const isKey = isObject(result) && 'key' in result;
  if (!isKey && result !== 'json' && result !== 'none')
    throw badPython(name, 'has a result other than "json", "none" and { key }');
  const to = isKey ? result.key : result;
  return {
    ...container,
    command: [interpreter, '-c', LAUNCHER],
    args: [home, called, { $json: args }, to],
    result,
  };
}

const DOTTED = /^[^\s.#/]+(\.[^\s.#/]+)+$/;

function badPython(name: string, what: string): KtError {
  return new KtError({
    code: 'BAD_PYTHON',
    path: name,
    message: `Step "${name}" ${what}.`,
    hint: "Write { image: 'ghcr.io/acme/etl:7', function: 'my_module.clean', args: { … } }, or a callback that returns it.",
  });
}
