/** Gets the list of schedules: from a file, from standard input, or by asking Meltano. */
import { spawn } from 'node:child_process';
import { messageOf } from '@kube-transform/runtime/internal';
import { KtError } from '@kube-transform/sdk';
import { readSource, type SourceText, textOf } from '../terminal/read-source.js';

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
const LAST_WORDS = 2000;

/**
 * The text, and what to call where it is from.
 *
 * @throws KtError `READ_FAILED`, `MELTANO_MISSING`, `MELTANO_FAILED`
 */
export async function askMeltano(source: MeltanoSource): Promise<SourceText> {
  const { from } = source;
  if (from === undefined) return { text: await run(source), file: COMMAND };
  return readSource(from, BY_HAND);
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
