import { expect, test } from 'vitest';
import { packageFindings } from './probe.js';

test('packages of a bundle - nothing is said of none, and one line of all that load', () => {
  expect(packageFindings([], 'node:22')).toEqual([]);
  const packages = ['sharp', 'pino'].map(name => ({ name, problem: null }));
  expect(packageFindings(packages, 'node:22')).toMatchObject([
    { check: 'packages', outcome: 'ok', message: 'Pods of node:22 load sharp, pino.' },
  ]);
});

test('packages of a bundle - each that cannot be loaded is a problem, with what was said', () => {
  const packages = [
    { name: 'sharp', problem: 'Cannot find module "@img/sharp-linuxmusl-x64"' },
    { name: 'pino', problem: null },
  ];
  expect(packageFindings(packages, 'node:22-alpine')).toMatchObject([
    {
      check: 'packages',
      outcome: 'problem',
      message:
        'The package "sharp" cannot be loaded in a pod of node:22-alpine: Cannot find module "@img/sharp-linuxmusl-x64".',
      remedy: expect.stringContaining('the libc of the image') as string,
    },
  ]);
});
