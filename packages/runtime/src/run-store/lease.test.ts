import { describe, expect, test } from 'vitest';
import { bytes, rejection, text } from '../../../../test/kit/stores.js';
import { memoryFileStore } from '../stores/memory-file-store.js';
import type { FileStore } from '../ports/index.js';
import { openJournal } from './journal.js';
import { leaseKey } from './layout.js';
import { acquireLease, leaseHolder } from './lease.js';

const key = leaseKey('r');
const gone = JSON.stringify({ host: 'elsewhere', pid: 1, started: null });
const held = async (store: FileStore): Promise<boolean> => (await leaseHolder(store, 'r')) !== null;

describe('a lease', () => {
  test('LS1: a lease - is given back by who holds it, and that of another is left alone', async () => {
    const store = memoryFileStore();
    const first = await acquireLease(store, 'r');
    const second = await acquireLease(store, 'r', { steal: true });
    await first.release();
    expect(await held(store)).toBe(true);
    expect(await rejection(acquireLease(store, 'r'))).toMatchObject({ code: 'RUN_IS_DRIVEN' });
    await second.release();
    expect(await held(store)).toBe(false);
    expect([first.epoch, second.epoch, (await acquireLease(store, 'r')).epoch]).toEqual([1, 2, 3]);
  });

  test('that vanishes between the look and the put is put anew', async () => {
    const inner = memoryFileStore({ [key]: gone });
    let puts = 0;
    const put: FileStore['put'] = async (name, body, options) => {
      if (puts++ === 0) await inner.delete([name]);
      return inner.put(name, body, options);
    };
    const { epoch } = await acquireLease({ ...inner, put }, 'r', { steal: true });
    expect(puts).toBe(2);
    expect(JSON.parse(text(await inner.get(key)))).toMatchObject({ pid: process.pid, epoch });
  });

  test('that is empty, as after a power cut, is taken over; one that is broken is named', async () => {
    const store = memoryFileStore({ [key]: '' });
    expect(await held(store)).toBe(false);
    await (await acquireLease(store, 'r')).release();
    await store.put(key, bytes('{"host'));
    expect((await rejection(acquireLease(store, 'r'))).problems).toMatchObject([
      { code: 'BAD_RUN', path: key },
    ]);
  });

  test('whose epoch is lost goes on with that of the journal', async () => {
    const store = memoryFileStore();
    const first = await acquireLease(store, 'r');
    const journal = await openJournal(store, 'r', { epoch: first.epoch });
    await journal.append({ type: 'JobSubmitted', job: 'a' });
    await store.delete([key]);
    const second = await acquireLease(store, 'r');
    expect(second.epoch).toBe(2);
    await openJournal(store, 'r', { epoch: second.epoch });
    expect(await rejection(journal.append({ type: 'RunCancelled', reason: '' }))).toMatchObject({
      code: 'RUN_TAKEN_OVER',
    });
  });

  test('of two that come at one instant one is given', async () => {
    const store = memoryFileStore();
    const ends = await Promise.allSettled(Array.from({ length: 5 }, () => acquireLease(store, 'r')));
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});
