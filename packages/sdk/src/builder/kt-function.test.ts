import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { definitionOf, functionName, receiverOf } from './function-definition.js';
import { ktFunction } from './kt-function.js';

const INPUT = z.object({ n: z.number() });

describe('the wrapper', () => {
  test('calls the function with input and context', () => {
    const add = ktFunction({ input: INPUT }, ({ n }, context) => [n + 1, context.job]);
    expect(add({ n: 1 }, { job: 'a' } as never)).toEqual([2, 'a']);
  });

  test('keeps its options, and leaves the function itself unmarked', () => {
    const plain = (): number => 1;
    const marked = ktFunction({ retries: 3, memory: '2Gi', name: 'etl.one' }, plain);
    expect(definitionOf(marked)?.options).toEqual({ retries: 3, memory: '2Gi', name: 'etl.one' });
    expect(definitionOf(plain)).toBeUndefined();
    expect(functionName(marked)).toBe('etl.one');
    expect(receiverOf(marked)).toBeUndefined();
  });

  test('takes a function alone', () => {
    const marked = ktFunction(() => 1);
    expect(definitionOf(marked)?.options).toEqual({});
    expect(functionName(marked)).toBeUndefined();
  });

  test('one function may be marked twice, with different options', () => {
    const plain = (input: { n: number }): number => input.n;
    expect(
      [ktFunction({ retries: 1 }, plain), ktFunction({ retries: 2 }, plain)].map(
        fn => definitionOf(fn)?.options.retries,
      ),
    ).toEqual([1, 2]);
  });
});

describe('the decorator', () => {
  class Store {
    readonly #made = 'made';
    static readonly unit = 'kg';

    @ktFunction({ input: INPUT, retries: 1 })
    static weigh({ n }: { n: number }): string {
      return `${n} ${this.unit}`;
    }
    @ktFunction()
    made(): string {
      return this.#made;
    }
  }

  test('leaves the method as it is', () => {
    expect(Store.weigh({ n: 2 })).toBe('2 kg');
    expect(definitionOf(Store.weigh)?.options.retries).toBe(1);
  });

  test('`this` is the class for a static method, one instance for the others', () => {
    expect(receiverOf(Store.weigh)).toBe(Store);
    const made = Store.prototype.made;
    expect(receiverOf(made)).toBeInstanceOf(Store);
    expect(receiverOf(made)).toBe(receiverOf(made));
    expect(made.call(receiverOf(made) as Store)).toBe('made');
  });

  test('options of another copy of this package are found', () => {
    const foreign = Object.assign(() => 1, {
      [Symbol.for('kube-transform.function')]: { options: { name: 'far' } },
    });
    expect(functionName(foreign)).toBe('far');
  });
});

describe('what is no function', () => {
  const mark = ktFunction as (...args: unknown[]) => (...args: unknown[]) => unknown;

  test('is refused by the wrapper', () => {
    expect(() => mark({}, 'text')).toThrow('ktFunction marks functions and methods, but was given a string.');
  });

  test('is refused by the decorator in both dialects, with what it was', () => {
    const decorator = mark({});
    expect(() => decorator(class {}, undefined)).toThrow('was given a function');
    expect(() => decorator({}, 'field')).toThrow('was given a object');
    expect(() => decorator({}, 'x', { get: () => 1 })).toThrow('was given a accessor');
    expect(() => decorator(undefined, { kind: 'field', name: 'x' })).toThrow('was given a field');
    expect(() => decorator(class {}, { kind: 'class', name: 'X' })).toThrow(
      'Write @ktFunction() above a method',
    );
  });

  test.each([undefined, null, 1, 'f', {}, () => 1])('%s has no definition', value => {
    expect(definitionOf(value)).toBeUndefined();
    expect(functionName(value)).toBeUndefined();
  });
});
