/** What each route takes and gives, as types, from the table of routes. */
import type * as z from 'zod';
import type { ROUTES, RouteName } from '../http/routes.js';

type Routes = typeof ROUTES;
type Named<P extends string> = P extends `${string}{${infer Name}}${infer Rest}` ? Name | Named<Rest> : never;
type InPath<R> = R extends { path: infer P extends string }
  ? [Named<P>] extends [never]
    ? object
    : { path: Readonly<Record<Named<P>, string>> }
  : never;
type InQuery<R> = R extends { query: infer Q }
  ? { query?: { readonly [K in keyof Q]?: string | number | boolean | undefined } }
  : object;
type InBody<R> = R extends { body: infer B extends z.ZodType } ? { body: z.input<B> } : object;

/** How a call is made, whatever it asks. */
export interface CallSettings {
  /** Aborted: the call rejects with its reason. */
  signal?: AbortSignal | undefined;
  /** The same effect for the same key, however often it is sent. */
  idempotencyKey?: string | undefined;
  /** How long it is tried again where the server is away, in milliseconds. Default: that of the client. */
  retryForMs?: number | undefined;
}

/** What a call takes: what its path, its query and its body hold. */
export type CallOf<N extends RouteName> = InPath<Routes[N]> &
  InQuery<Routes[N]> &
  InBody<Routes[N]> &
  CallSettings;

/** The routes that answer with JSON. */
export type JsonRouteName = {
  [N in RouteName]: Routes[N]['answer'] extends z.ZodType ? N : never;
}[RouteName];

/** What is answered. */
export type AnswerOf<N extends JsonRouteName> = Routes[N]['answer'] extends infer A extends z.ZodType
  ? z.output<A>
  : never;

/** The routes that tell of things over time. */
export type StreamRouteName = {
  [N in RouteName]: Routes[N] extends { events: object } ? N : never;
}[RouteName];

type Events<N extends RouteName> = Routes[N] extends { events: infer E } ? E : never;

/** Something that is told: a word, and what goes with it. */
export type ToldOf<N extends StreamRouteName> = {
  [K in keyof Events<N> & string]: {
    event: K;
    data: Events<N>[K] extends infer V extends z.ZodType ? z.output<V> : never;
  };
}[keyof Events<N> & string];
