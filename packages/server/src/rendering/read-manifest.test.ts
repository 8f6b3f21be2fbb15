/** No argument can change what a template says around it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { argumentsOf } from '../jinja/arguments.js';
import { renderTemplate, TemplateRenderer } from './render-template.js';

const TEMPLATE = `apiVersion: batch/v1
kind: Job
metadata:
  name: n
  labels: {team: {{ v }}}
  annotations:
    note: before {{ v }} after # {{ v }}
    quoted: '{{ v }}'
    folded: >-
      a {{ v }} b
spec:
  backoffLimit: 0
  template:
    spec:
      containers:
        - name: main
          image: busybox:1.36
          command: ["sh", "-c", "echo {{ v }}"{% for one in [v, v] %}, {{ one }}{% endfor %}]
          args: [{{ [v, v] | join(', ') }}]
          env:
            - name: A
              value: {{ v | upper | lower }}
            - name: B
              value: |
                {{ v }}
                end
      restartPolicy: Never
`;
/** The template with each place filled as it should be. */
const expected = (v: string): unknown => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: {
    name: 'n',
    labels: { team: v },
    annotations: { note: `before ${v} after`, quoted: v, folded: `a ${v} b` },
  },
  spec: {
    backoffLimit: 0,
    template: {
      spec: {
        containers: [
          {
            name: 'main',
            image: 'busybox:1.36',
            command: ['sh', '-c', `echo ${v}`, v, v],
            args: [v, v],
            env: [
              { name: 'A', value: v.toUpperCase().toLowerCase() },
              { name: 'B', value: `${v}\nend\n` },
            ],
          },
        ],
        restartPolicy: 'Never',
      },
    },
  },
});
const given = (v: string): unknown => renderTemplate(TEMPLATE, argumentsOf({ v }));

const EVIL = [
  'x\n          image: evil',
  '"], image: evil, x: ["',
  "' }, {privileged: true}",
  'a: b',
  '- a',
  '{a: b}',
  '[a]',
  '# gone',
  '&a *a',
  '!!binary x',
  '---\nkind: Pod',
  '...',
  '{{ 7 * 7 }}{% raw %}',
  '|\n  x',
  '\\" \\n \\x41',
  '007',
  'true',
  'null',
  '~',
  '',
  ' ',
  '\t',
  '\u0000',
  '\u2028\u0085\uFEFF',
  '%YAML 1.2',
  '$& $1 $$',
  '__proto__',
  'kt00000000000000000000000000000000x0z',
];

describe('T1: a value within a template', () => {
  test.each(EVIL)('%j - arrives as it is, and changes nothing else', v => {
    expect(given(v)).toEqual(expected(v));
  });

  test('whatever it is - arrives as it is, and changes nothing else', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.mixedCase(fc.constantFrom(...EVIL)));
    fc.assert(
      fc.property(text, v => {
        expect(given(v)).toEqual(expected(v));
      }),
      { numRuns: 300 },
    );
  });

  test('rendered with others before by the same renderer - finds nothing of them', () => {
    const renderer = new TemplateRenderer();
    const source = `a: &x [{{ v }}, {b: "{{ v }}!"}]
again: *x
command: [{% for one in more %}{{ one }}, {% endfor %}last]
image: {{ v }}
{% if more %}some: {{ v }}{% endif %}
`;
    const value = fc.oneof(fc.string(), fc.constantFrom(...EVIL), fc.integer(), fc.constant(null));
    const args = fc.record({
      v: fc.oneof(value, fc.constant({ is: 'no text' })),
      more: fc.array(value, { maxLength: 3 }),
    });
    const outcome = (render: () => unknown): unknown => {
      try {
        return render();
      } catch (error) {
        return String(error);
      }
    };
    fc.assert(
      fc.property(fc.array(args, { minLength: 1, maxLength: 10 }), all => {
        for (const one of all)
          expect(outcome(() => renderer.render(source, argumentsOf(one)))).toEqual(
            outcome(() => renderTemplate(source, argumentsOf(one))),
          );
      }),
      { numRuns: 100 },
    );
  });

  test('what a renderer gave - may be changed by who got it', () => {
    const renderer = new TemplateRenderer();
    const given = (v: string): { labels: Record<string, string> } =>
      renderer.render('labels: {a: {{ v }}, b: c}', argumentsOf({ v })) as { labels: Record<string, string> };
    const first = given('x');
    first.labels['b'] = first.labels['more'] = 'changed';
    expect(given('y')).toEqual({ labels: { a: 'y', b: 'c' } });
    expect(first.labels['a']).toBe('x');
  });

  test('a list or an object - is one value, where a field of any kind is', () => {
    const v = { image: 'evil', list: [1, { a: null }] };
    expect(renderTemplate('volumes: {{ v }}', argumentsOf({ v }))).toEqual({ volumes: v });
    expect(() => renderTemplate('image: {{ v }}', argumentsOf({ v }))).toThrow(
      'image wants text, but gets an object',
    );
  });

  test.each<[string, string | number | boolean | null, unknown]>([
    ['command: [{{ v }}]', 5, { command: ['5'] }],
    ['command: [{{ v }}]', null, { command: ['null'] }],
    ['backoffLimit: {{ v }}', '3', { backoffLimit: 3 }],
    ['backoffLimit: {{ v }}', '3x', { backoffLimit: '3x' }],
    ['backoffLimit: "{{ v }}"', 3, { backoffLimit: '3' }],
    ['suspend: {{ v }}', 'true', { suspend: true }],
    ['labels: {a: {{ v }}}', true, { labels: { a: 'true' } }],
    ['command: [sleep, 5, 1.50, yes]', null, { command: ['sleep', '5', '1.50', 'yes'] }],
  ])('%s with %j - has the type that the field wants', (template, v, result) => {
    expect(renderTemplate(template, argumentsOf({ v }))).toEqual(result);
  });
});
