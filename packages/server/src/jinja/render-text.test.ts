/** Templates as Jinja reads them; what was expected was seen from Jinja 3.1.6 and PyYAML 6. */
import { describe, expect, test } from 'vitest';
import { renderTemplate } from '../rendering/render-template.js';
import { argumentsOf, readArguments } from './arguments.js';
import { TemplateError } from './template-error.js';

const ARGS = {
  v: 'abc',
  n: 3,
  b: true,
  e: '',
  l: ['x', 'y', 'z'],
  nums: [3, 1, 2],
  o: { k: 'v', list: [1, 2], 'a b': 1 },
  objs: [
    { n: 'a', c: 2 },
    { n: 'b', c: 1 },
  ],
  s: 'Hello World foo',
  m: 'l1\nl2',
};
const render = (template: string): unknown => renderTemplate(template, argumentsOf(ARGS));
const a = (template: string): unknown => (render(`a: ${template}`) as { a: unknown }).a;

describe('a template', () => {
  test.each<[string, unknown]>([
    ['{{ n + 1 }}', 4],
    ['{{ 7 // 2 }}', 3],
    ['"{{ 6 / 2 }}"', '3.0'],
    ['{{ -n % 5 }}', 2],
    ['{{ v ~ n }}', 'abc3'],
    ['{{ n }}Mi', '3Mi'],
    ['{{ v if b else "q" }}', 'abc'],
    ['"{{ "--fast" if e }}"', ''],
    [
      '[{% for i in l %}"{{ loop.index }}-{{ i }}"{% if not loop.last %}, {% endif %}{% endfor %}]',
      ['1-x', '2-y', '3-z'],
    ],
    ['[{{ l | join(", ") }}]', ['x', 'y', 'z']],
    ['"{{ l | join(", ") }}"', 'x, y, z'],
    ['{{ nums | sort(reverse=true) | first }}', 3],
    ['{{ o["a b"] + o.list[-1] }}', 3],
    ['{{ o.get("zz", "d") }}', 'd'],
    ['{{ l | tojson }}', ['x', 'y', 'z']],
    ["'{{ l | tojson }}'", '["x", "y", "z"]'],
    ['{{ s | title | replace("o", "0") }}', 'Hell0 W0rld F00'],
    ['{{ s.split(" ")[1] | upper }}', 'WORLD'],
    ['{{ v[::-1] }}', 'cba'],
    ['{{ zz is defined or "x" in l }}', true],
    ['{{ zz | default("d") }}', 'd'],
    ['{{ o.zz | default(v) }}', 'abc'],
    ['{{ e | default("d", true) }}', 'd'],
    ['{{ 4 is divisibleby(2) and n is odd and n is in [1, 3] and 4 is divisibleby 2 }}', true],
    ['{{ objs | selectattr("c", "gt", 1) | map(attribute="n") | list }}', ['a']],
    ['{{ objs | sort(attribute="c") | map(attribute="n") | join("") }}', 'ba'],
    ['"{{ 2.5 | round }} {{ "%03d" | format(n) }}"', '2.0 003'],
    ['{% raw %}"{{ v }} {% x %}"{% endraw %}', '{{ v }} {% x %}'],
    ['{% if n > 2 and n < 5 %}in{% elif n == 5 %}five{% else %}out{% endif %}', 'in'],
    ['{{ "y" if b }}', 'y'],
    ['|\n  {{ m | indent(2) }}\n  end\n', 'l1\nl2\nend\n'],
    ['0400', 256],
    ['yes', true],
    ['2024-01-01', '2024-01-01'],
    ['&x {{ v }}\nb: *x', 'abc'],
  ])('%s', (template, value) => {
    expect(a(template)).toEqual(value);
  });

  test('macros, blocks that are set, namespaces - their own signs stay signs of YAML', () => {
    const template = `{% macro container(name, image="i") %}
  - name: {{ name }}
    image: {{ image }}{% endmacro %}
{%- set extra %}
c: {{ v }}{% endset -%}
{% set ns = namespace(sum=0) %}{% for i in nums %}{% set ns.sum = ns.sum + i %}{% endfor -%}
a:{{ container(v) }}{{ container(s, image=m) }}
sum: {{ ns.sum }}
{{- extra }}`;
    const containers = [
      { name: 'abc', image: 'i' },
      { name: ARGS.s, image: ARGS.m },
    ];
    expect(render(template)).toEqual({ a: containers, sum: 6, c: 'abc' });
  });

  test('numbers - keep their digits', () => {
    const args = readArguments('{"id": 9007199254740993, "f": 1.0, "t": "9007199254740993 1.0"}')!;
    expect(renderTemplate('a: "{{ id }} {{ f }} {{ t }}"', args)).toEqual({
      a: '9007199254740993 1.0 9007199254740993 1.0',
    });
    expect(renderTemplate('backoffLimit: {{ f }}', args)).toEqual({ backoffLimit: 1 });
  });

  test.each<[string, RegExp]>([
    ['a: {{ zz }}', /needs the argument "zz"/],
    ['{% if zz %}a: 1{% endif %}', /"zz"/],
    ['a: {{ zz or 1 }}', /"zz"/],
    ['{% for q in zz %}{% endfor %}', /"zz"/],
    ['a: {{ o.zz.y | default(1) }}', /"o\.zz"/],
    ['a: {{ v | nofilter }}', /"nofilter"/],
    ['a: {{ v is notest }}', /notest/],
    ['{% if v %}a: 1', /ends within a block/],
    ['{{ v', /cannot be read/],
    ['a: {{ l + 1 }}', /between a list and a number/],
    ['a: {{ n / 0 }}', /divides by 0/],
    ['a: {{ range(1000000) }}', /10000 is the most/],
    ['{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}a: 1', /too much/],
    ['a: {{ v * 100000000 }}', /too much/],
    ['{% macro f() %}{{ f() }}{% endmacro %}a: {{ f() }}', /calls itself too often/],
    ["a: {{ ''.__class__ }}", /__class__/],
    ["a: {{ ''.constructor('return 7')() }}", /constructor/],
    ['a: {{ o.constructor }}', /constructor/],
    ['{{ v }}: 1', /name of a field/],
    ['a: &{{ v }} 1', /anchor/],
    ['a: !{{ v }} 1', /tag/],
    ['a: *{{ v }}', /no YAML|anchor/],
    ['a: 1\n---\nb: 1', /more than one document/],
    ['', /empty/],
  ])('%s - is refused with a sentence', (template, message) => {
    expect(() => render(template)).toThrow(TemplateError);
    expect(() => render(template)).toThrow(message);
  });
});
