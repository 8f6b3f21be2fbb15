/**
 * A typed client of the job server, over fetch.
 *
 * ```ts
 * import { ServerClient } from '@kube-transform/server/client';
 *
 * const client = new ServerClient({ url: 'https://jobs.example', token: process.env['KT_SERVER_TOKEN'] });
 * const { job_name } = await client.ask('create', { body: { job_definition_name: 'greet', name: 'Ada' } });
 * ```
 */
export type {
  AnswerOf,
  CallOf,
  CallSettings,
  JsonRouteName,
  StreamRouteName,
  ToldOf,
} from './client/call-types.js';
export { isAway } from './client/refusals.js';
export { ServerClient } from './client/server-client.js';
export type { ClientOptions } from './client/server-client.js';
export type { Route, RouteName } from './http/routes.js';
export { ROUTES } from './http/routes.js';
