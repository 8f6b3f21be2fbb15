/** The routes as a page for people, without scripts and without anything from elsewhere. Pure. */
import { VERSION } from '@kube-transform/runtime/internal';
import * as z from 'zod';
import type { Route } from './routes.js';

/** What a browser may do with the page: show it. */
export const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/** A schema of JSON, as far as it is shown. */
interface Shown {
  $ref?: string;
  type?: string | string[];
  description?: string;
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, Shown>;
  required?: string[];
  additionalProperties?: Shown | boolean;
  items?: Shown;
  anyOf?: Shown[];
  oneOf?: Shown[];
}

const DEPTH = 3;
const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
h2{font-size:1rem;margin:2rem 0 .25rem}code{font-family:ui-monospace,monospace}pre{background:#f4f4f4;padding:.75rem;overflow-x:auto}
.method{display:inline-block;min-width:4.5rem}dt{font-family:ui-monospace,monospace}dd{margin:0 0 .25rem 1.5rem}
@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#181818}pre{background:#262626}a{color:#8ab4f8}}`;

const SIGNS: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, sign => SIGNS[sign] ?? sign);

/** A schema as a type of TypeScript. */
function typeOf(schema: Shown | undefined, depth = 0): string {
  if (schema === undefined) return 'unknown';
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(value => JSON.stringify(value)).join(' | ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return [...new Set(choices.map(one => typeOf(one, depth)))].join(' | ');
  if (Array.isArray(schema.type))
    return schema.type.map(type => typeOf({ ...schema, type }, depth)).join(' | ');
  const { type, properties = {}, required = [], additionalProperties: others, items } = schema;
  if (type === 'integer') return 'number';
  if (type === 'array') return `(${typeOf(items, depth)})[]`.replace(/^\((\w+)\)/, '$1');
  if (type !== 'object') return type ?? 'unknown';
  if (depth >= DEPTH) return 'object';
  const indent = '  '.repeat(depth + 1);
  const members = Object.entries(properties).map(
    ([name, of]) => `${indent}${name}${required.includes(name) ? '' : '?'}: ${typeOf(of, depth + 1)}`,
  );
  if (others !== undefined && others !== false)
    members.push(`${indent}[name: string]: ${others === true ? 'unknown' : typeOf(others, depth + 1)}`);
  return members.length === 0 ? 'object' : `{\n${members.join('\n')}\n${'  '.repeat(depth)}}`;
}

const shape = (title: string, of: z.ZodType | string | undefined): string => {
  if (of === undefined) return '';
  const text = typeof of === 'string' ? of : typeOf(z.toJSONSchema(of, { io: 'input' }) as Shown);
  return `<p>${title}</p><pre><code>${escaped(text)}</code></pre>`;
};

const named = (title: string, all: Readonly<Record<string, string>> | undefined): string => {
  const entries = Object.entries(all ?? {});
  if (entries.length === 0) return '';
  const rows = entries.map(([name, what]) => `<dt>${escaped(name)}</dt><dd>${escaped(what)}</dd>`);
  return `<p>${title}</p><dl>${rows.join('')}</dl>`;
};

const section = ([id, route]: [string, Route]): string => {
  const { method, path, scope, summary } = route;
  const who =
    scope === null
      ? 'Anybody may ask.'
      : `A token needs the scope <code>${scope}</code>, where there are tokens.`;
  return `<section id="${escaped(id)}"><h2><code><span class="method">${method}</span>${escaped(path)}</code></h2>
<p>${escaped(summary)}. ${who}</p>${named('Query', route.query)}${named('Headers', route.headers)}${shape('Body', route.body)}${shape('Answer', route.answer)}</section>`;
};

/** The page. */
export function docsPage(routes: Readonly<Record<string, Route>>): string {
  const all = Object.entries(routes);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>kube-transform job server</title><style>${STYLE}</style></head><body><main>
<h1>kube-transform job server ${escaped(VERSION)}</h1>
<p>What fails is answered with <code>{error, code, hint?}</code>: a sentence, and a word for programs.
The same for programs: <a href="openapi.json">openapi.json</a>, OpenAPI 3.1.</p>
${all.map(section).join('\n')}
</main></body></html>
`;
}
