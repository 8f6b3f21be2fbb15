/** The routes of the server as data: what each takes and gives; for the handlers, for 405 and for OpenAPI. */
import * as z from 'zod';
import type { TokenScope } from './tokens.js';
import { RUN_ROUTES } from '../runs/run-routes.js';
import { ProblemView } from '../runs/run-views.js';
import { JobView, OneStatusView, StatusView } from './job-views.js';

/** A route. */
export interface Route {
  method: 'GET' | 'POST' | 'DELETE';
  /** As OpenAPI writes it: `/jobs/{name}`. */
  path: string;
  summary: string;
  /** What a token must allow; null: anybody may. */
  scope: TokenScope | null;
  query?: Readonly<Record<string, string>>;
  headers?: Readonly<Record<string, string>>;
  body?: z.ZodType;
  /** What is answered, with status 200; a text where it is no JSON. */
  answer: z.ZodType | string;
  /** What is told over time, where the answer is a stream, by word. */
  events?: Readonly<Record<string, z.ZodType>>;
}

const Created = z.object({ job_name: z.string() });
const CreateBody = z
  .looseObject({ job_definition_name: z.string() })
  .describe('The name of a definition; every other member is an argument of its template.');
const Logs = z
  .record(z.string(), z.record(z.string(), z.array(z.string())))
  .describe('Lines by pod and container');
const Items = z.object({
  items: z.int(),
  counts: z.record(z.string(), z.int()),
  statuses: z.record(z.string(), z.enum(['Pending', 'Running', 'Complete', 'Failed'])),
});
export const ErrorView = z.object({
  error: z.string(),
  code: z.string(),
  hint: z.optional(z.string()),
  problems: z.optional(z.array(ProblemView)).describe('Each mistake, where there are places to name'),
});

export const ROUTES = {
  create: {
    method: 'POST',
    path: '/jobs',
    summary: 'Make a job from a definition',
    scope: 'submit',
    query: {
      array_size: 'Makes an array job with so many items',
      depends_on: 'A job that has to complete before this one begins; may be repeated',
      queue: 'The queue of Kueue that it waits in',
      priority: 'Its priority in the queue; without a queue the priority class of its pods',
    },
    headers: { 'Idempotency-Key': 'The same job for the same key: 1 to 255 visible characters' },
    body: CreateBody,
    answer: Created,
  },
  list: {
    method: 'GET',
    path: '/jobs',
    summary: 'The jobs of this server and how each stands',
    scope: 'read',
    query: {
      job_definition_name: 'Only those of a definition',
      label: 'Only those with a label, KEY=VALUE; may be repeated',
    },
    answer: z.object({ jobs: z.record(z.string(), StatusView) }),
  },
  job: { method: 'GET', path: '/jobs/{name}', summary: 'A job', scope: 'read', answer: JobView },
  delete: {
    method: 'DELETE',
    path: '/jobs/{name}',
    summary: 'End a job that runs, and delete it with its pods',
    scope: 'admin',
    answer: Created,
  },
  status: {
    method: 'GET',
    path: '/jobs/{name}/status',
    summary: 'How a job stands',
    scope: 'read',
    answer: OneStatusView,
  },
  logs: {
    method: 'GET',
    path: '/jobs/{name}/logs',
    summary: 'The last lines of its containers',
    scope: 'read',
    query: { tail: 'How many lines of each; 200 where it is not given, at most 10000' },
    answer: Logs,
  },
  follow: {
    method: 'GET',
    path: '/jobs/{name}/logs/follow',
    summary: 'All lines as they come, as server-sent events: log {pod, container, line}, at last end {state}',
    scope: 'read',
    answer: 'text/event-stream',
  },
  items: {
    method: 'GET',
    path: '/jobs/{name}/items',
    summary: 'How the items of an array job stand',
    scope: 'read',
    query: { from: 'The first number', limit: 'How many; 1000 where it is not given, at most 10000' },
    answer: Items,
  },
  retry: {
    method: 'POST',
    path: '/jobs/{name}/retry',
    summary: 'Make a finished job once more',
    scope: 'submit',
    answer: Created,
  },
  definitions: {
    method: 'GET',
    path: '/job-definitions',
    summary: 'The names of the definitions',
    scope: 'read',
    answer: z.object({ job_definitions: z.array(z.string()) }),
  },
  healthcheck: {
    method: 'GET',
    path: '/healthcheck',
    summary: 'Whether the process lives, as k8s-jobs says it',
    scope: null,
    answer: z.object({ healthy: z.boolean() }),
  },
  healthz: {
    method: 'GET',
    path: '/healthz',
    summary: 'Whether the process lives',
    scope: null,
    answer: z.object({ healthy: z.boolean() }),
  },
  readyz: {
    method: 'GET',
    path: '/readyz',
    summary: 'Whether it can serve: definitions and the cluster can be read',
    scope: null,
    answer: z.object({ ready: z.boolean() }),
  },
  metrics: {
    method: 'GET',
    path: '/metrics',
    summary: 'What it counts, for Prometheus',
    scope: 'read',
    answer: 'text/plain',
  },
  docs: {
    method: 'GET',
    path: '/docs',
    summary: 'All of this as a page to read',
    scope: null,
    answer: 'text/html',
  },
  openapi: {
    method: 'GET',
    path: '/openapi.json',
    summary: 'This document',
    scope: null,
    answer: z.looseObject({ openapi: z.string() }),
  },
  ...RUN_ROUTES,
} as const satisfies Record<string, Route>;

/** The name of a route. */
export type RouteName = keyof typeof ROUTES;
