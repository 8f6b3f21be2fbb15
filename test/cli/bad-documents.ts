/** Bad documents, by the thousand: a valid one with something done to it. */
import fc from 'fast-check';

type Path = (string | number)[];
type Node = Record<string, unknown> | unknown[];

export const VALID = {
  name: 'etl',
  jobs: [
    {
      type: 'static',
      name: 'extract',
      memory: '512Mi',
      cpu: '500m',
      tasks: [{ function: 'm.extract', args: { day: 1 } }],
      retries: 2,
      backoff: { initial: '1s', factor: 2, max: '1m' },
    },
    {
      type: 'map',
      name: 'clean',
      function: 'm.clean',
      args: { file: { $ref: 'item#' } },
      items: { $ref: 'extract#/0' },
      dependencies: ['extract'],
      maxFailed: '5%',
      timeout: '90s',
      itemsPerPod: 10,
      env: { A: 'b' },
    },
    {
      type: 'dynamic',
      name: 'grow',
      function: 'm.grow',
      args: {},
      dependencies: ['clean'],
      labels: { team: 'x' },
      kubernetes: { nodeSelector: { disk: 'ssd' }, startTimeout: '5m' },
    },
    {
      type: 'static',
      name: 'report',
      tasks: [{ function: 'm.report', args: {} }],
      dependencies: ['clean', 'grow'],
      cache: true,
      failFast: false,
      gpu: 0,
      placement: 'pod',
      reuse: 'run',
      outputs: ['out/report.json'],
    },
  ],
  schedules: [{ cron: '0 3 * * *', timeZone: 'Europe/Berlin', suspend: false }],
};

/** A bad document, and where in it something was done; `[]` for the whole. */
export interface BadDocument {
  document: unknown;
  done: string;
}

const at = (document: unknown, path: Path): unknown =>
  path.reduce<unknown>((node, key) => (node as Record<PropertyKey, unknown>)[key], document);
const pathsOf = (node: unknown, path: Path = []): Path[] =>
  typeof node !== 'object' || node === null
    ? [path]
    : [
        path,
        ...Object.keys(node).flatMap(key =>
          pathsOf((node as Record<string, unknown>)[key], [...path, Array.isArray(node) ? Number(key) : key]),
        ),
      ];

/** Changes a copy of the valid document. */
function changed(path: Path, change: (parent: Node, key: string | number) => void): unknown {
  const document = structuredClone(VALID) as unknown;
  change(at(document, path.slice(0, -1)) as Node, path.at(-1) as string | number);
  return document;
}

function set(path: Path, value: unknown): unknown {
  if (path.length === 0) return value;
  return changed(path, (parent, key) =>
    Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true }),
  );
}

const deep = (levels: number, array: boolean): unknown => {
  let value: unknown = 'bottom';
  for (let i = 0; i < levels; i++) value = array ? [value] : { a: value };
  return value;
};
const garbage = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1,
    1.5,
    NaN,
    Infinity,
    1e308,
    '',
    ' ',
    [],
    {},
    [[]],
    [null],
    { $ref: 7 },
    '\u0000',
    '\ud800',
    'constructor',
    '__proto__',
  ),
  fc.string({ maxLength: 40 }),
  // As `fc.string` makes them of the unit "binary", without its table of a million entries.
  fc
    .array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 40 })
    .map(points => String.fromCodePoint(...points)),
  fc.integer().map(n => 'x'.repeat(Math.abs(n % 20_000))),
  fc.jsonValue({ maxDepth: 4 }),
  fc.boolean().chain(array => fc.integer({ min: 10, max: 3000 }).map(levels => deep(levels, array))),
  fc.string().map(key => JSON.parse(`{"__proto__": ${JSON.stringify(key)}, "a": 1}`)),
);
/** Places whose content is the user's own: args, items, podPatch, labels … take anything, or any text. */
const free = (path: Path): boolean =>
  path.some(key => ['args', 'items', 'outputs', 'nodeSelector', 'env', 'labels'].includes(String(key)));
const places = pathsOf(VALID).filter(path => !free(path.slice(0, -1)));
const objects = places.filter(path => {
  const value = at(VALID, path);
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !free(path);
});
const typo = fc.tuple(
  fc.constantFrom('extrat', 'claen', 'Clean', 'grow ', 'reports', '', 'constructor', '__proto__', 'toString'),
  fc.constantFrom(1, 2, 3),
);
const job = fc.integer({ min: 0, max: 3 });
const quantity = fc.oneof(
  fc.constantFrom(
    'lots',
    '1GB',
    '-1',
    '0',
    '1.5.2Gi',
    '1 Gi',
    'Gi',
    '0x10',
    '1e999',
    'NaN',
    '１Gi',
    `${'9'.repeat(500)}Ei`,
  ),
  fc.string({ minLength: 1 }).filter(text => !/^[\d.]/.test(text)),
);

/** A few of these changes are no mistake after all. */
const anyDocument: fc.Arbitrary<BadDocument> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.constantFrom(...places), garbage)
      .map(([path, value]) => ({ document: set(path, value), done: `set ${path.join('.')}` })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...objects),
        fc.oneof(
          fc.constantFrom(
            'retires',
            'dependancies',
            '__proto__',
            'constructor',
            'prototype',
            '',
            'tasks ',
            'Name',
          ),
          fc.string(),
        ),
        garbage,
      )
      .map(([path, key, value]) => ({
        document:
          key in (at(VALID, path) as object) && key !== '__proto__' && key !== 'constructor'
            ? set(path, 7)
            : set([...path, key], value),
        done: `unknown ${[...path, key].join('.')}`,
      })),
  },
  {
    weight: 2,
    arbitrary: typo.map(([name, i]) => ({
      document: set(['jobs', i, 'dependencies', 0], name),
      done: `dependency ${name}`,
    })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(job, job)
      .filter(([a, b]) => a !== b)
      .map(([a, b]) => ({ document: set(['jobs', a, 'name'], VALID.jobs[b]?.name), done: 'duplicate name' })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(job, job)
      .filter(([from, to]) => from <= to)
      .map(([from, to]) => ({
        document: set(['jobs', from, 'dependencies'], [VALID.jobs[to]?.name]),
        done: `cycle ${from} ${to}`,
      })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(job, fc.constantFrom('memory', 'cpu'), quantity).map(([i, field, value]) => ({
      document: set(['jobs', i, field], value),
      done: `quantity ${value.slice(0, 40)}`,
    })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        job,
        fc.constantFrom(
          'timeout',
          'retries',
          'itemsPerPod',
          'concurrency',
          'parallelism',
          'maxFailed',
          'gpu',
          'placement',
          'reuse',
          'backoff',
          'failFast',
        ),
        garbage,
      )
      .map(([i, field, value]) => ({ document: set(['jobs', i, field], value), done: `option ${field}` })),
  },
  { weight: 1, arbitrary: garbage.map(document => ({ document, done: 'root' })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...places.filter(path => path.length > 0)), garbage)
      .map(([path, value]) => ({
        document: JSON.parse(
          `{"name": "x", "jobs": [${JSON.stringify({ type: 'static', [String(path.at(-1))]: value })}]}`,
        ),
        done: 'lone job',
      })),
  },
);

/**
 * Bad documents; a failing one is told by what was done to it, since printing it may be a feat of its own.
 */
export const badDocument = anyDocument.map(({ document, done }) => ({
  document,
  done,
  [fc.toStringMethod]: () => done,
}));
