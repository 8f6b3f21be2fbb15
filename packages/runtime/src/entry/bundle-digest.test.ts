import { expect, test } from 'vitest';
import { digestOf } from './bundle-digest.js';

const digestOfFiles = (files: Record<string, string>): string =>
  digestOf(Object.keys(files), name => Buffer.from(files[name] ?? ''));
const CODE = { 'worker.mjs': 'work();\n', 'b.mjs': 'export const b = 1;\n' };

test('digest of a bundle - is what it was when bundles were first named by it', () => {
  expect(digestOfFiles(CODE)).toBe('152999e82b8bc9b9');
});

test.each([
  ['the order of the files', { 'b.mjs': CODE['b.mjs'], 'worker.mjs': CODE['worker.mjs'] }],
  ['source maps', { ...CODE, 'b.mjs.map': '{}' }],
  ['the index that names it', { ...CODE, 'functions.mjs': 'export const digest = 1;' }],
  ['packages beside it', { ...CODE, node_modules: 'a folder' }],
  ['what a mount adds', { ...CODE, '..data': 'a link' }],
])('digest of a bundle - %s is not part of it', (_, files) => {
  expect(digestOfFiles(files)).toBe(digestOfFiles(CODE));
});

test.each([
  ['another name', { 'worker.mjs': CODE['worker.mjs'], 'c.mjs': CODE['b.mjs'] }],
  ['another content', { ...CODE, 'b.mjs': 'export const b = 2;\n' }],
  ['one file more', { ...CODE, 'c.mjs': '' }],
])('digest of a bundle - %s is another bundle', (_, files) => {
  expect(digestOfFiles(files)).not.toBe(digestOfFiles(CODE));
});
