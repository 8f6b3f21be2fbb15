/** How often a request is made, and what is said when it failed for good. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { asText, HttpClient } from './http-client.js';
import { HttpFailure } from './http-failure.js';

/** A server that answers so; its address. */
async function serverOf(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const failureOf = async (sent: Promise<unknown>): Promise<HttpFailure> => {
  const error: unknown = await sent.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (error instanceof HttpFailure) return error;
  throw new Error('It did not fail as it should.', { cause: error });
};

test('a silent server - is asked three times, and once where it has never answered', async () => {
  let asked = 0;
  const url = await serverOf((_, response) => {
    if (++asked === 2) response.end('ok');
  });
  const client = new HttpClient({ silentMs: 1000 });
  expect(await failureOf(client.send({ method: 'GET', url }, asText))).toMatchObject({
    ...{ code: 'TimeoutError', message: 'the server does not answer', tries: 1 },
  });
  expect((await client.send({ method: 'GET', url }, asText)).value).toBe('ok');
  expect((await failureOf(client.send({ method: 'GET', url }, asText))).tries).toBe(3);
  expect(asked).toBe(5);
});

test('what will not pass - is asked once; what may pass again, and the answer says how often', async () => {
  const statuses = [400, 429, 503, 200];
  const url = await serverOf((_, response) => response.writeHead(statuses.shift() ?? 200).end('body'));
  const client = new HttpClient({ explain: text => ({ code: 'Word', message: `It says ${text}` }) });
  const failure = await failureOf(client.send({ method: 'PUT', url, body: new Uint8Array(3) }, asText));
  expect(failure).toMatchObject({ status: 400, code: 'Word', message: 'It says body (400)', tries: 1 });
  expect(await client.send({ method: 'PUT', url }, asText)).toMatchObject({ value: 'body', tries: 3 });
});

test('an answer that is cut while it is read - is asked for again', async () => {
  let asked = 0;
  const url = await serverOf((request, response) => {
    response.writeHead(200, { 'content-length': 4 });
    if (++asked > 1) response.end('body');
    else response.write('bo', () => request.socket.destroy());
  });
  expect(await new HttpClient().send({ method: 'GET', url }, asText)).toMatchObject({
    value: 'body',
    tries: 2,
  });
});

test('a request that is not to be made again - is not', async () => {
  const url = await serverOf((_, response) => response.writeHead(500).end());
  const failure = await failureOf(new HttpClient().send({ method: 'PUT', url, once: true }, asText));
  expect(failure).toMatchObject({ status: 500, tries: 1 });
});
