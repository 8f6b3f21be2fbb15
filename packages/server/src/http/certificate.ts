/** The certificate of the server, which is another when its files have changed. */
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import { createSecureContext } from 'node:tls';
import { messageOf } from '@kube-transform/runtime/internal';
import type { Clock } from '@kube-transform/runtime';

/** Where the certificate is. */
export interface TlsSettings {
  /** PEM, with the chain. */
  certPath: string;
  /** PEM. */
  keyPath: string;
}

/** A certificate and its key. */
export interface KeyPair {
  cert: string;
  key: string;
}

const LOOK_EVERY_MS = 10_000;

/** The files as they are now. Rejects where they cannot be read, or do not belong together. */
export async function readKeyPair({ certPath, keyPath }: TlsSettings): Promise<KeyPair> {
  const [cert, key] = await Promise.all([readFile(certPath, 'utf8'), readFile(keyPath, 'utf8')]);
  createSecureContext({ cert, key });
  return { cert, key };
}

/** What certificates are renewed with. */
export interface RenewOptions {
  settings: TlsSettings;
  /** What the server has. */
  pair: KeyPair;
  clock: Clock;
  signal: AbortSignal;
  /** Told in a sentence of files that cannot be used. */
  tell: (message: string) => void;
}

/**
 * Gives the server what the files say, until the signal. What cannot be used is told of when it is seen for
 * the second time: the two are not written at once. Never rejects.
 */
export async function renewCertificate(server: Server, options: RenewOptions): Promise<void> {
  const { settings, clock, signal, tell } = options;
  let { pair } = options;
  let wrong = { why: '', times: 0 };
  while (!signal.aborted) {
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
    try {
      const next = await readKeyPair(settings);
      wrong = { why: '', times: 0 };
      if (next.cert === pair.cert && next.key === pair.key) continue;
      pair = next;
      server.setSecureContext({ ...next, minVersion: MIN_VERSION });
    } catch (error) {
      const why = messageOf(error);
      wrong = { why, times: wrong.why === why ? wrong.times + 1 : 1 };
      if (wrong.times === 2) tell(`${settings.certPath} cannot be used, so the certificate stays: ${why}`);
    }
  }
}

/** The oldest TLS that is spoken. */
export const MIN_VERSION = 'TLSv1.2';
