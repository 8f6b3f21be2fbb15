/** Names of a template while it is rendered, and how much it may do. */
import { given } from './given.js';
import { TemplateError } from './template-error.js';
import { Callable, Missing, Namespace, type Value } from './values.js';

const MAX_STEPS = 200_000;
const MAX_TEXT = 1024 * 1024;
const MAX_RANGE = 10_000;

/** Ends a rendering that does too much: arguments can make loops long. */
export class Budget {
  #steps = 0;

  step(): void {
    if (++this.#steps > MAX_STEPS)
      throw new TemplateError('The template does too much: over 200,000 steps with these arguments.');
  }

  text(text: string): string {
    if (text.length > MAX_TEXT)
      throw new TemplateError('The template writes too much: over 1 MiB with these arguments.');
    return text;
  }
}

/** Names within a part of a template, and those around it. */
export class Scope {
  readonly #names: Map<string, Value>;
  readonly #around: Scope | undefined;

  constructor(names: Iterable<readonly [string, Value]>, around?: Scope) {
    this.#names = new Map(names);
    this.#around = around;
  }

  get(name: string): Value {
    if (this.#names.has(name)) return this.#names.get(name) ?? null;
    return this.#around === undefined ? new Missing(`the argument "${name}"`) : this.#around.get(name);
  }

  set(name: string, value: Value): void {
    this.#names.set(name, value);
  }
}

/** What every template has. */
export function builtins(): [string, Value][] {
  const range = new Callable(call => {
    const args = given(call);
    const [first, second] = [args.number('start', 0) ?? 0, args.number('stop', 1)];
    const [from, to, step] = [second === undefined ? 0 : first, second ?? first, args.number('step', 2) ?? 1];
    const length = step === 0 ? 0 : Math.max(0, Math.ceil((to - from) / step));
    if (!(length <= MAX_RANGE))
      throw new TemplateError(`The template asks for a range of ${length}: ${MAX_RANGE} is the most.`);
    return Array.from({ length }, (_, i) => from + i * step);
  });
  const dict = new Callable(({ named }) => new Map(named));
  const namespace = new Callable(({ named }) => new Namespace(named));
  return [
    ...[true, false].flatMap<[string, Value]>(value => [
      [String(value), value],
      [value ? 'True' : 'False', value],
    ]),
    ['none', null],
    ['None', null],
    ['range', range],
    ['dict', dict],
    ['namespace', namespace],
  ];
}
