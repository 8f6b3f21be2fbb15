import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inClusterConnection } from './connection.js';

const ENV = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };
let dir: string;
let nowMs = 0;
const clock = { elapsedMs: () => nowMs };

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kt-account-'));
  for (const [name, text] of Object.entries({ token: 'first\n', namespace: 'team-a\n', 'ca.crt': 'PEM' }))
    await writeFile(join(dir, name), text);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('inClusterConnection', () => {
  test('reads where the API server is, whom to trust and where this pod is', async () => {
    expect(await inClusterConnection(dir, ENV)).toMatchObject({
      name: 'in-cluster',
      server: 'https://10.0.0.1:443',
      namespace: 'team-a',
      ca: 'PEM',
    });
    expect((await inClusterConnection(dir, { ...ENV, KUBERNETES_SERVICE_HOST: 'fd00::1' })).server).toBe(
      'https://[fd00::1]:443',
    );
  });

  test('reads the token again after a minute, and when it was refused', async () => {
    const { token } = await inClusterConnection(dir, ENV, clock);
    await writeFile(join(dir, 'token'), 'second');
    nowMs += 60_000;
    expect(await token(false)).toBe('first');
    nowMs += 1;
    expect(await token(false)).toBe('second');
    await writeFile(join(dir, 'token'), 'third');
    expect(await token(false)).toBe('second');
    expect(await token(true)).toBe('third');
  });

  test('keeps the token while the file is being replaced', async () => {
    const { token } = await inClusterConnection(dir, ENV, clock);
    await rm(join(dir, 'token'));
    expect(await token(true)).toBe('first');
    await writeFile(join(dir, 'token'), '');
    expect(await token(true)).toBe('first');
    await writeFile(join(dir, 'token'), 'second');
    nowMs += 60_001;
    expect(await token(false)).toBe('second');
  });

  test('says what is missing', async () => {
    await expect(inClusterConnection(dir, {})).rejects.toMatchObject({ code: 'NOT_IN_CLUSTER' });
    await expect(inClusterConnection(join(dir, 'none'), ENV)).rejects.toThrow(
      /"token" of the service account cannot be read: ENOENT.*automountServiceAccountToken/,
    );
    await rm(join(dir, 'ca.crt'));
    await expect(inClusterConnection(dir, ENV)).rejects.toThrow(/"ca\.crt"/);
  });
});
