/** The routes as an OpenAPI 3.1 document. Pure. */
import * as z from 'zod';
import { VERSION } from '@kube-transform/runtime/internal';
import { ErrorView, type Route, ROUTES } from './routes.js';

const schemaOf = (type: z.ZodType): object => {
  const { $schema: _, ...schema } = z.toJSONSchema(type, { target: 'draft-2020-12' });
  return schema;
};
const parameter = (where: 'query' | 'header' | 'path', [name, description]: [string, string]): object => ({
  name,
  in: where,
  description,
  required: where === 'path',
  schema: { type: 'string' },
});

/** What the parameters of paths are. */
const IN_PATHS: Readonly<Record<string, string>> = {
  name: 'The name of a job',
  run: 'The whole id of a run',
  pipeline: 'The name of a pipeline',
};
const parametersOf = (path: string): object[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => parameter('path', [name, IN_PATHS[name] ?? name]));

/** What a stream tells, each as a line of JSON, or as an event with the value as its data. */
const toldOf = (answer: string, events: Readonly<Record<string, z.ZodType>>): object => {
  const all = { ...events, error: ErrorView };
  if (answer === 'text/event-stream') {
    const words = Object.keys(all).join(', ');
    return { type: 'string', description: `Events: ${words}; their data is JSON. The last is end or error.` };
  }
  const lines = Object.entries(all).map(([word, type]) => ({
    type: 'object',
    properties: { [word]: schemaOf(type) },
    required: [word],
  }));
  return { description: 'One of these a line; the last is end or error', oneOf: lines };
};

function operationOf(id: string, route: Route): object {
  const { answer, body, events } = route;
  const content =
    typeof answer === 'string'
      ? { [answer]: { schema: events === undefined ? { type: 'string' } : toldOf(answer, events) } }
      : { 'application/json': { schema: schemaOf(answer) } };
  const parameters = [
    ...parametersOf(route.path),
    ...Object.entries(route.query ?? {}).map(entry => parameter('query', entry)),
    ...Object.entries(route.headers ?? {}).map(entry => parameter('header', entry)),
  ];
  return {
    operationId: id,
    summary: route.summary,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body) } } } }),
    ...(route.scope === null
      ? { security: [] }
      : { description: `A token needs the scope "${route.scope}", where the server has tokens.` }),
    responses: {
      200: { description: 'It worked', content },
      default: {
        description: 'It did not: why, in a sentence',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  };
}

/** The document. */
export function openApi(): object {
  const pathsOf: Record<string, Record<string, object>> = {};
  for (const [id, route] of Object.entries<Route>(ROUTES))
    (pathsOf[route.path] ??= {})[route.method.toLowerCase()] = operationOf(id, route);
  return {
    openapi: '3.1.0',
    info: {
      title: 'kube-transform job server',
      version: VERSION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    paths: pathsOf,
    components: {
      schemas: { Error: schemaOf(ErrorView) },
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    },
  };
}
