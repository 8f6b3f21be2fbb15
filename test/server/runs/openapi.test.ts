/** The OpenAPI document by OpenAPI's own schema, and what clients make of it. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { ROUTES } from '@kube-transform/server/client';
import { expect, test } from 'vitest';
import { DOCUMENT, undocumented } from '../documented.js';

test('the document - is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  expect(await validator.validate(structuredClone(DOCUMENT))).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
  const broken = structuredClone(DOCUMENT) as { paths: Record<string, object> };
  broken.paths['/jobs'] = { get: { responses: { 200: {} } } };
  expect((await validator.validate(broken)).valid).toBe(false);
});

test('the document - names what stands in each path, and no other', () => {
  for (const [path, operations] of Object.entries(DOCUMENT.paths))
    for (const operation of Object.values(operations)) {
      const { parameters = [] } = operation as { parameters?: { in: string; name: string }[] };
      const named = parameters.filter(parameter => parameter.in === 'path').map(({ name }) => name);
      expect(named).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(match => match[1]));
    }
  expect(Object.values(DOCUMENT.paths).flatMap(path => Object.keys(path))).toHaveLength(
    Object.keys(ROUTES).length,
  );
});

test('an answer that is not as documented - is found', () => {
  const of = { method: 'GET', url: '/healthz', status: 200 };
  expect(undocumented(of, { healthy: true })).toEqual([]);
  expect(undocumented(of, { healthy: 'yes' })).toHaveLength(1);
  expect(undocumented(of, { healthy: true, more: 1 })).toHaveLength(1);
  expect(undocumented({ ...of, status: 500 }, { healthy: true })).not.toEqual([]);
});
