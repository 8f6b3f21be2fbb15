import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { LineChannel } from './line-channel.js';

const MODULE = new URL('../../dist/process/line-channel.js', import.meta.url).href;

/** A process that answers what it hears, and ends with code 7 when the other end is gone. */
const PROGRAM = `import { LineChannel } from ${JSON.stringify(MODULE)};
const channel = LineChannel.join(3);
channel.onClose(() => process.exit(7));
channel.listen(text => {
  const hasSockets = process.moduleLoadList.includes('NativeModule net');
  channel.send(JSON.stringify({ text, hasSockets }));
});`;

function answering(): { child: ChildProcess; say: (text: string) => Promise<unknown>; close: () => void } {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const heard: ((text: string) => void)[] = [];
  const channel = LineChannel.open(child.stdio[3] as Socket, text => heard.shift()?.(text));
  const say = (text: string): Promise<unknown> =>
    new Promise(resolve => {
      heard.push(answer => resolve(JSON.parse(answer)));
      channel.send(text);
    });
  return { child, say, close: () => channel.close() };
}

test('LC2: a channel - answers what was said first before it has become a socket, and goes on', async () => {
  const { child, say, close } = answering();
  const first = await Promise.all([say('one ä €'), say('x'.repeat(200_000))]);
  expect(first).toEqual([
    { text: 'one ä €', hasSockets: false },
    { text: 'x'.repeat(200_000), hasSockets: expect.any(Boolean) },
  ]);
  let later: unknown;
  do later = await say('more');
  while (!(later as { hasSockets: boolean }).hasSockets);
  expect(later).toEqual({ text: 'more', hasSockets: true });
  const ended = new Promise(resolve => child.once('exit', resolve));
  close();
  expect(await ended).toBe(7);
});
