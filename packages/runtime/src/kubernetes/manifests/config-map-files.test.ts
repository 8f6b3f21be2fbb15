import { expect, test } from 'vitest';
import { splitIntoConfigMaps, inPieces, fileConfigMap } from './config-map-files.js';

const bytes = (n: number): Uint8Array => new Uint8Array(n).fill(97);

test('PC1: files - share ConfigMaps, each below the limit of 1 MiB in base64', () => {
  const files = new Map([...Array(40).keys()].map(i => [`chunk-${i}.mjs`, bytes(100_000)]));
  const parts = splitIntoConfigMaps(files)!;
  expect(parts.flatMap(part => [...part.keys()])).toEqual([...files.keys()]);
  for (const part of parts)
    expect(JSON.stringify(fileConfigMap(part, { name: 'x' })).length).toBeLessThan(2 ** 20);
});

test('PC2: a file that is too large - is cut, and its pieces make it whole again', () => {
  const pieces = inPieces(new Map([['big', bytes(2_000_000)]]));
  expect([...pieces.keys()]).toEqual(['big.part-000', 'big.part-001', 'big.part-002']);
  expect(Buffer.concat([...pieces.values()]).length).toBe(2_000_000);
});

test('files that are far too large are refused', () => {
  expect(splitIntoConfigMaps(new Map([['huge', bytes(60_000_000)]]))).toBeUndefined();
});
