import { ktFunction } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { expectDoor, refusalOf } from '../../../../test/kit/door-laws.js';
import { bundleCatalog, CATALOG } from './bundle-catalog.js';

const double = ktFunction({ name: 'm.double' }, (n: number) => n * 2);
const catalog = {
  digest: 'd',
  modules: { m: () => Promise.resolve({ double }) },
  functions: { 'm.double': 'm' },
  sums: {},
};

test('a catalog finds functions by name, and loads a module once it is asked for one', async () => {
  const functions = bundleCatalog(CATALOG.check({ format: 1, ...catalog }, 'worker.mjs'));
  expect(functions.names()).toEqual(['m.double']);
  expect(await functions.load('m.double')).toBe(double);
  expect(await functions.load('m.other')).toBeUndefined();
});

test('a catalog whose index names another module for a function is refused when the function is asked for', async () => {
  const modules = { ...catalog.modules, n: () => Promise.resolve({}) };
  const functions = bundleCatalog({ ...catalog, modules, functions: { 'm.double': 'n' } });
  await expect(functions.load('m.double')).rejects.toMatchObject({ code: 'BUNDLE_CHANGED' });
});

test('what is no catalog is refused, and a newer one is', () => {
  const door = (value: unknown): unknown => CATALOG.check(value, 'worker.mjs');
  expectDoor(door, [{ digest: 'd', modules: {}, functions: { f: 'm' }, sums: {} }]);
  expect(refusalOf(door, { ...catalog, modules: { m: 7 } })?.problems).toMatchObject([
    {
      code: 'BAD_BUNDLE',
      path: 'worker.mjs modules.m',
      message: expect.stringContaining('expected a function, but got 7'),
    },
  ]);
  expect(refusalOf(door, { ...catalog, format: 2 })?.code).toBe('NEWER_FORMAT');
});
