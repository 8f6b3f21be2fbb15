/** The server as a function from requests to answers: who may ask, how much, and what a failure says. */
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { messageOf } from '@kube-transform/runtime/internal';
import { answerTo, type Refusal, refusal } from './answers.js';
import { handlersOf, type Serving } from './handlers.js';
import { RateLimit } from './rate-limit.js';
import { type Route, type RouteName, ROUTES } from './routes.js';
import { type CallerOf, mayDo } from './tokens.js';

/** How a server answers. */
export interface AppOptions extends Serving {
  /** Who asks, by the header `Authorization`. Default: everybody may do everything. */
  callerOf?: CallerOf | undefined;
  /** Bytes of a body. Default 256 KiB. */
  maxBodyBytes?: number;
  /** Requests per second of one caller; twice as many may come at once. Default 100. */
  perSec?: number;
  /** Told in a sentence of what is no caller's doing. */
  tell?: (message: string) => void;
}

const BODY_BYTES = 256 * 1024;
const PER_SEC = 100;

const send = (c: Context, { status, body, headers = {} }: Refusal): Response => c.json(body, status, headers);
const pathOf = (route: Route): string => route.path.replaceAll(/\{(\w+)\}/g, ':$1');
/** Where a request came from; only behind a server of Node it is known. */
const addressOf = (c: Context): string =>
  (c.env as { incoming?: { socket?: { remoteAddress?: string } } } | undefined)?.incoming?.socket
    ?.remoteAddress ?? 'unknown';

/** Makes the server's answers. */
export function serverApp(options: AppOptions): Hono {
  const { callerOf, maxBodyBytes = BODY_BYTES, perSec = PER_SEC, clock, tell = () => undefined } = options;
  const app = new Hono();
  const handlers = handlersOf(options);
  const limit = new RateLimit(perSec, clock);

  const admit =
    (route: Route): MiddlewareHandler =>
    async (c, next) => {
      const caller = route.scope === null ? undefined : await callerOf?.(c.req.header('authorization'));
      const waitSec =
        route.scope === null
          ? 0
          : limit.waitSec(caller === undefined ? `address ${addressOf(c)}` : `token ${caller.name}`);
      if (waitSec > 0)
        return send(
          c,
          refusal('TOO_MANY', `That is more than ${perSec} requests per second.`, {
            headers: { 'Retry-After': String(waitSec) },
          }),
        );
      if (route.scope === null || callerOf === undefined) return await next();
      if (caller === undefined)
        return send(
          c,
          refusal(
            'NO_TOKEN',
            'A token of this server is needed, in the header Authorization: Bearer TOKEN.',
            { headers: { 'WWW-Authenticate': 'Bearer' } },
          ),
        );
      if (!mayDo(caller, route.scope))
        return send(
          c,
          refusal(
            'MISSING_SCOPE',
            `The token "${caller.name}" does not have the scope "${route.scope}", which this needs.`,
          ),
        );
      return await next();
    };
  const counted =
    (route: Route): MiddlewareHandler =>
    async (c, next) => {
      const beganMs = clock.elapsedMs();
      await next();
      options.metrics.answered({
        method: route.method,
        route: route.path,
        status: c.res.status,
        seconds: (clock.elapsedMs() - beganMs) / 1000,
      });
    };
  const tooLarge = (c: Context): Response =>
    send(
      c,
      refusal('BODY_TOO_LARGE', `A body may have ${maxBodyBytes} bytes.`, {
        headers: { Connection: 'close' },
      }),
    );
  const counting = bodyLimit({ maxSize: maxBodyBytes, onError: tooLarge });
  // Where its length is said it need not be counted, for which all of it would become a stream of the web.
  const withinLimit: MiddlewareHandler = async (c, next) => {
    const length = c.req.header('content-length');
    if (length === undefined || c.req.header('transfer-encoding') !== undefined) return counting(c, next);
    return Number(length) <= maxBodyBytes ? await next() : tooLarge(c);
  };

  // Where no body is wanted none is read.
  const limitOf = (route: Route): MiddlewareHandler =>
    route.body === undefined ? async (_, next) => next() : withinLimit;

  // Of what is told over time a HEAD would take nothing, and be told it for ever.
  const answered = (name: RouteName, { answer }: Route, c: Context): Response | Promise<Response> =>
    c.req.method === 'HEAD' && typeof answer === 'string'
      ? c.body(null, 200, { 'Content-Type': answer })
      : handlers[name](c);

  const all = Object.entries(ROUTES) as [RouteName, Route][];
  for (const [name, route] of all)
    app.on(route.method, pathOf(route), counted(route), admit(route), limitOf(route), c =>
      answered(name, route, c),
    );
  for (const path of new Set(all.map(([, route]) => pathOf(route)))) {
    const methods = all.filter(([, route]) => pathOf(route) === path).map(([, route]) => route.method);
    const allowed = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
    app.options(path, c => c.body(null, 204, { Allow: allowed }));
    app.all(path, c =>
      send(
        c,
        refusal('BAD_METHOD', `${c.req.method} is not done here: ${allowed} are.`, {
          headers: { Allow: allowed },
        }),
      ),
    );
  }
  app.notFound(c =>
    send(c, refusal('NOT_FOUND', 'There is nothing at this path: /docs names what there is.')),
  );
  app.onError((error, c) => {
    const { isOurs, ...answer } = answerTo(error);
    if (isOurs && !c.req.raw.signal.aborted)
      tell(`${c.req.method} ${new URL(c.req.url).pathname}: ${messageOf(error)}`);
    return send(c, answer);
  });
  return app;
}
