/** Injection through each argument of the templates of k8s-jobs: a refusal, or the shape it should have. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { read } from '../kit/sources.js';
import { OpenJobs } from './open-jobs.js';

interface TemplateCase {
  id: string;
  given: { definitions: { name: string; spec: string }[]; request: { json: Record<string, unknown> } };
}

const CASES = JSON.parse(read('test/fixtures/k8s-jobs/templates.json')) as TemplateCase[];
const WITH_ARGUMENTS = CASES.filter(({ given }) => Object.keys(given.request.json).length > 1);
const EVIL = [
  'x\n          image: evil',
  'x\n  labels: {app.kubernetes.io/managed-by: me}',
  '"], "image": "evil',
  "'}, {image: evil",
  '{image: evil}',
  'x #',
  '- y',
  '\\"',
  '{{ 1 }}{% for %}',
  '&a',
  '*a',
  '!!int 1',
  '---',
  '\u2028',
  '$&',
  'true',
  '0x1F',
  '~',
  'a: b',
  '',
];
/** Each as text, in a list, and as key and value of an object. */
const VALUES = EVIL.flatMap<unknown>(text => [text, [text], { image: text, [text]: text }]);

let opened: OpenJobs;
beforeAll(async () => {
  const definitions = CASES.map(({ id, given }) => ({ name: id, spec: given.definitions[0]!.spec }));
  opened = await OpenJobs.open({ definitions, app: { perSec: 1e6 } });
});
afterAll(() => opened.close());

describe('injection through an argument', () => {
  test.each(WITH_ARGUMENTS)('$id', async ({ id, given }) => {
    const { job_definition_name: _, ...args } = given.request.json;
    for (const key of Object.keys(args)) {
      for (const value of VALUES) {
        opened.kube.asked.splice(0);
        const { status, json } = await opened.ask('POST', '/jobs', {
          ...args,
          [key]: value,
          job_definition_name: id,
        });
        const [made] = opened.created();
        if (status !== 200) {
          expect(status).toBe(400);
          expect(json.error).toMatch(/\w+ \w+.*[.!?]$/s);
          expect(made).toBeUndefined();
          continue;
        }
        const { metadata, spec, ...top } = made!;
        expect(top).toEqual({ apiVersion: 'batch/v1', kind: 'Job' });
        expect(metadata.labels).toMatchObject({
          'app.kubernetes.io/managed-by': 'sig-1',
          job_definition_name: id,
        });
        expect(Object.keys(spec).sort()).toEqual(['backoffLimit', 'template']);
        const { containers, ...pod } = spec.template.spec;
        expect(pod).toEqual({ restartPolicy: 'Never' });
        expect(containers).toEqual([
          { name: 'main', image: 'busybox:1.36', command: expect.any(Array) as unknown },
        ]);
        for (const word of containers[0]!['command'] as unknown[]) expect(typeof word).toBe('string');
      }
    }
  });
});
