/** Reads what a store holds of a run and prints it, one page; see `kubernetes/manifests/reader-pages.ts`. */
import { isKtError, KtError, type Problem } from '@kube-transform/sdk';
import { messageOf } from '../parse/thrown.js';
import { printBytes } from '../process/standard-output.js';
import {
  READ_LINE,
  READ_REQUEST,
  type ReadLine,
  type ReadRequest,
  type ReadValue,
  valuesAfter,
} from '../kubernetes/manifests/reader-pages.js';
import { EXIT_CODE } from '../kubernetes/manifests/exit-codes.js';
import { ktFiles } from '../files/kt-files.js';
import { openStore } from '../open-store.js';
import { readFailedLogs, readLogs } from '../reporting/run-logs.js';
import { readRecord } from '../run-store/run-record.js';
import { readItemStep } from '../worker/item-step.js';

const CHUNK = 65_536;

/** Answers a request, given as JSON; the exit code. Ends the process where nobody reads what is printed. */
export async function printPage(text: string): Promise<number> {
  process.on('SIGTERM', () => process.exit(EXIT_CODE.stopped));
  const page = new Page();
  page.add(READ_LINE.stamped({ begin: true }));
  try {
    await answer(READ_REQUEST.parse(text, 'KT_READ'), page);
  } catch (error) {
    const problem: Problem = { code: 'READ_FAILED', path: '', message: messageOf(error) };
    page.add({ error: isKtError(error) ? error.problems : [problem] });
  }
  page.flush();
  return 0;
}

async function answer(request: ReadRequest, page: Page): Promise<void> {
  let count = 0;
  for await (const value of valuesAfter(valuesOf(request), request)) {
    page.add(value);
    count++;
    if (page.bytes > request.pageBytes) return page.add({ end: { count, more: true } });
  }
  page.add({ end: { count, more: false } });
}

async function* valuesOf({
  what,
  runId,
  store: url,
  place,
  item,
  previous,
}: ReadRequest): AsyncGenerator<ReadValue, void> {
  const store = await openStore(url);
  const record = await readRecord(store, runId);
  if (record === null) {
    throw new KtError({
      code: 'RUN_NOT_BEGUN',
      path: 'run',
      message: `Run "${runId}" has not begun: nothing of it is in its store.`,
    });
  }
  if (what === 'step') {
    const host = { store, files: ktFiles(store), resultCache: new Map() };
    yield { step: await readItemStep({ runId, job: place ?? '', item: item ?? null }, host) };
    return;
  }
  const filter = { selector: place ?? undefined, previous };
  if (what === 'lines') for await (const line of readLogs(store, record, filter)) yield { line };
  else {
    for await (const { lines, ...failed } of readFailedLogs(store, record, filter)) {
      yield { failed };
      for (const line of lines) yield { line };
    }
  }
}

/** What is printed, gathered so that it goes in few pieces. */
class Page {
  bytes = 0;
  #lines: string[] = [];
  #waiting = 0;

  add(line: ReadLine): void {
    const text = JSON.stringify(line);
    const size = Buffer.byteLength(text) + 1;
    this.bytes += size;
    this.#lines.push(text);
    this.#waiting += size;
    if (this.#waiting > CHUNK) this.flush();
  }

  flush(): void {
    if (this.#lines.length === 0) return;
    const body = Buffer.from(`${this.#lines.join('\n')}\n`);
    this.#lines = [];
    this.#waiting = 0;
    // A page that is cut short is asked for again.
    if (!printBytes(body)) process.exit(EXIT_CODE.unread);
  }
}
