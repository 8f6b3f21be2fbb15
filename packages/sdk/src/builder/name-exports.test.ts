import { expect, test } from 'vitest';
import { type AnyFunction, functionName, receiverOf } from './function-definition.js';
import { ktFunction } from './kt-function.js';
import { nameExports } from './name-exports.js';

const names = (found: Map<string, AnyFunction>): string[] => [...found.keys()].sort();

test('exports are named by module and path', () => {
  class Flights {
    @ktFunction() static list(): number {
      return 1;
    }
    @ktFunction() count(): number {
      return 2;
    }
    static unmarked(): void {}
  }
  const found = nameExports('etl.flights', {
    Flights,
    free: ktFunction(() => 1),
    group: { inner: ktFunction(() => 2) },
    other: 3,
    plain: () => 1,
  });
  expect(names(found)).toEqual([
    'etl.flights.Flights.count',
    'etl.flights.Flights.list',
    'etl.flights.free',
    'etl.flights.group.inner',
  ]);
  expect(functionName(Flights.list)).toBe('etl.flights.Flights.list');
});

test('a module without a name gives names without a prefix', () => {
  expect(names(nameExports('', { free: ktFunction(() => 1) }))).toEqual(['free']);
});

test('an explicit name wins, wherever the function is', () => {
  expect(names(nameExports('m', { free: ktFunction({ name: 'my_module.my_function' }, () => 1) }))).toEqual([
    'my_module.my_function',
  ]);
});

test('the first name stays: naming twice, under an alias or from a module that hands it on', () => {
  const free = ktFunction(() => 1);
  expect(names(nameExports('first', { free, alias: free, default: free }))).toEqual(['first.free']);
  expect(names(nameExports('second', { again: free }))).toEqual(['first.free']);
});

test('two functions of one name are refused', () => {
  const exports = { a: ktFunction({ name: 'same' }, () => 1), b: ktFunction({ name: 'same' }, () => 2) };
  expect(() => nameExports('m', exports)).toThrow(
    'Module "m" has two functions named "same". Give one of them another `name`.',
  );
});

test('getters are not run while names are given', () => {
  class Config {
    static get secret(): string {
      return expect.unreachable('the getter was run');
    }
    @ktFunction() static load(): number {
      return 1;
    }
  }
  expect(names(nameExports('m', { Config }))).toEqual(['m.Config.load']);
});

test('what is no class, function or plain object is passed over', () => {
  expect(
    nameExports('m', {
      a: null,
      b: undefined,
      c: new Map([['x', ktFunction(() => 1)]]),
      d: [1],
      e: Symbol.iterator,
      f: function () {},
      g: async () => {},
    }),
  ).toEqual(new Map());
});

test('a method that was marked without its class (TC39) gets an instance from the class that is named', () => {
  class Late {
    kind = 'late';
    tell(): string {
      return this.kind;
    }
  }
  Object.defineProperty(Late.prototype.tell, Symbol.for('kube-transform.function'), {
    value: { options: {} },
  });
  expect(receiverOf(Late.prototype.tell)).toBeUndefined();
  nameExports('m', { Late });
  expect(receiverOf(Late.prototype.tell)).toBeInstanceOf(Late);
});
