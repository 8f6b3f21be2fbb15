/** Reads what a server tells over time: lines of JSON, or server-sent events. */
import type { Clock } from '@kube-transform/runtime';
import { LineDecoder, tryJson } from '@kube-transform/runtime/internal';
import { away, misread } from './refusals.js';

/** Something that was told, not looked into. */
export interface Told {
  event: string;
  data: unknown;
}

/** The server says something each 15 s. */
const SILENT_MS = 60_000;

/** What an answer tells, as it comes; ends with its last word. Rejects where it breaks off before. */
export async function* toldBy(url: string, answer: Response, clock: Clock): AsyncGenerator<Told, void> {
  const isEvents = answer.headers.get('content-type')?.startsWith('text/event-stream') === true;
  let event = '';
  let data = '';
  for await (const line of linesOf(url, answer, clock)) {
    if (!isEvents) {
      if (line === '') continue;
      const value = tryJson(line);
      if (typeof value !== 'object' || value === null) throw misread(url, 'a line is no object of JSON');
      for (const [word, told] of Object.entries(value)) yield { event: word, data: told };
    } else if (line === '') {
      if (event !== '') yield { event, data: read(url, data) };
      event = data = '';
    } else {
      const [, field, value = ''] = /^(event|data): ?(.*)$/s.exec(line) ?? [];
      if (field === 'event') event = value;
      else if (field === 'data') data += value;
    }
  }
}

function read(url: string, text: string): unknown {
  const value = tryJson(text);
  if (value === undefined) throw misread(url, 'the data of an event is no JSON');
  return value;
}

async function* linesOf(url: string, answer: Response, clock: Clock): AsyncGenerator<string, void> {
  const lines = new LineDecoder();
  for await (const chunk of chunksOf(url, answer, clock)) yield* lines.push(chunk);
  yield* lines.end();
}

async function* chunksOf(url: string, answer: Response, clock: Clock): AsyncGenerator<Uint8Array, void> {
  const reader = answer.body?.getReader();
  if (reader === undefined) return;
  try {
    for (let next = await within(); !next.done; next = await within()) yield next.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }

  async function within(): Promise<{ done: true } | { done: false; value: Uint8Array }> {
    const heard = new AbortController();
    const late = clock.sleep(SILENT_MS, heard.signal).then(
      () => Promise.reject(away(url, 'it is silent')),
      () => new Promise<never>(() => undefined),
    );
    try {
      const { done, value } = await Promise.race([readOne(), late]);
      return done || value === undefined ? { done: true } : { done: false, value };
    } finally {
      heard.abort();
    }
  }

  async function readOne(): Promise<{ done: boolean; value?: Uint8Array | undefined }> {
    try {
      return (await reader?.read()) ?? { done: true };
    } catch (cause) {
      throw away(url, 'its answer broke off', cause);
    }
  }
}
