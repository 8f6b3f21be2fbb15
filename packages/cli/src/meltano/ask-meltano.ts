/** Gets the list of schedules: from a file, from standard input, or by asking Meltano. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { messageOf } from '@kube-transform/runtime/internal';
import { KtError } from '@kube-transform/sdk';

/** Where the list comes from. */
export interface MeltanoSource {
  /** A file, or `-` for standard input; undefined: Meltano is asked. */
  from: string | undefined;
  /** The folder of the Meltano project. */
  root: string;
  /** The environment that Meltano is to use; undefined: its own default. */
  environment: string | undefined;
}

const ARGS = ['schedule', 'list', '--format=json'];
const COMMAND = ['meltano', ...ARGS].join(' ');
const BY_HAND = `Try it by hand: ${COMMAND}; or give what it prints: --from FILE, or --from - for a pipe.`;
/** So much of what is printed may be a list of schedules. */
const MAX_BYTES = 64_000_000;
const LAST_WORDS = 2000;

/**
 * The text, and what to call where it is from.
 *
 * @throws KtError `READ_FAILED`, `MELTANO_MISSING`, `MELTANO_FAILED`
 */
export async function askMeltano(source: MeltanoSource): Promise<{ text: string; file: string }> {
  const { from } = source;
  if (from === undefined) return { text: await run(source), file: COMMAND };
  try {
    if (from === '-') return { text: await textOf(process.stdin), file: 'standard input' };
    return { text: await readFile(from, 'utf8'), file: from };
  } catch (cause) {
    const message = `It cannot be read: ${messageOf(cause)}.`;
    throw new KtError({ code: 'READ_FAILED', path: from, message, hint: BY_HAND }, { cause });
  }
}

async function textOf(stream: AsyncIterable<Buffer | string>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > MAX_BYTES) throw new Error(`it is longer than ${MAX_BYTES / 1e6} MB`);
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString();
}

async function run({ root, environment }: MeltanoSource): Promise<string> {
  const chosen = environment === undefined ? {} : { MELTANO_ENVIRONMENT: environment };
  const child = spawn('meltano', ARGS, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...chosen },
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-LAST_WORDS)));
  const ended = new Promise<string>((done, fail) => {
    child.on('error', cause => fail(missing(root, cause)));
    child.on('close', (code, signal) => done(signal ?? String(code ?? '')));
  });
  const printed = textOf(child.stdout).catch((cause: unknown) => {
    child.kill();
    throw failed(`printed no list: ${messageOf(cause)}.`);
  });
  const [text, end] = await Promise.all([printed, ended]);
  if (end !== '0') throw failed(`ended with ${end}: ${(said.trim() || text.trim()).slice(-LAST_WORDS)}`);
  return text;
}

const failed = (what: string): KtError =>
  new KtError({ code: 'MELTANO_FAILED', path: COMMAND, message: `It ${what}`, hint: BY_HAND });

const missing = (root: string, cause: Error): KtError =>
  new KtError(
    {
      code: 'MELTANO_MISSING',
      path: COMMAND,
      message: `It cannot be run in ${root}: ${cause.message}.`,
      hint: `Install it, or activate the environment that it is in. ${BY_HAND}`,
    },
    { cause },
  );
