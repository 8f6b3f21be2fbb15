/** A server that ends, while somebody asks on. */
import { EventEmitter, once } from 'node:events';
import { Agent, get } from 'node:http';
import { Hono } from 'hono';
import { systemClock } from '@kube-transform/runtime/internal';
import { listen } from '@kube-transform/server';
import { expect, test } from 'vitest';

test('a server that ends - answers what is under way, and lets go of who asks on and on', async () => {
  const app = new Hono();
  const moments = new EventEmitter();
  app.get('/slow', async c => {
    moments.emit('begun');
    await once(moments, 'go');
    return c.text('slow');
  });
  app.get('/', c => c.text('quick'));
  const server = await listen(app, { host: '127.0.0.1', port: 0, clock: systemClock });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const asking = get(`${server.url}${path}`, { agent }, answer => {
        answer.resume().on('end', () => resolve(`${answer.statusCode} ${answer.headers.connection}`));
      });
      asking.on('error', reject);
    });
  try {
    expect(await ask('/')).toBe('200 keep-alive');
    const begun = once(moments, 'begun');
    const slow = ask('/slow');
    await begun;
    // Waits for its turn on the same connection, which is in use when the server is told to end.
    const next = ask('/');
    const closing = server.close(3_600_000);
    moments.emit('go');
    expect(await slow).toBe('200 keep-alive');
    expect(await next).toBe('200 close');
    await closing;
    await expect(ask('/')).rejects.toThrow(/ECONNREFUSED/);
  } finally {
    agent.destroy();
  }
});
