/** Whether answers are what the OpenAPI document says of them. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { openApi } from '@kube-transform/server';

interface Operation {
  responses: Record<string, { content: Record<string, { schema: object }> }>;
}

/** The document, as far as it is looked into. */
export const DOCUMENT = openApi() as {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
};

const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema(DOCUMENT, 'document');

const pathFor = (path: string): string | undefined =>
  Object.keys(DOCUMENT.paths)
    .sort((a, b) => Number(a.includes('{')) - Number(b.includes('{')))
    .find(template => new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path));

const step = (key: string): string => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));

/** What is wrong with an answer by the document, as sentences. */
export function undocumented(
  { method, url, status }: { method: string; url: string; status: number },
  value: unknown,
  type = 'application/json',
): string[] {
  const template = pathFor(new URL(url, 'http://x').pathname) ?? '/jobs';
  const path = DOCUMENT.paths[template] ?? {};
  const operation = path[method.toLowerCase()] === undefined ? Object.keys(path)[0] : method.toLowerCase();
  const answer = status === 200 ? '200' : 'default';
  const keys = ['paths', template, operation ?? '', 'responses', answer, 'content', type, 'schema'];
  const valid = ajv.getSchema(`document#/${keys.map(step).join('/')}`);
  if (valid === undefined) return [`${method} ${url} ${status}: no schema`];
  if (valid(value) === true) return [];
  const { errors = [] } = valid;
  return (errors ?? []).map(
    ({ instancePath, message, params }) =>
      `${method} ${url} ${status} ${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}
