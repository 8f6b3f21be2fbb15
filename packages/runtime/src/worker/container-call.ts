/** What an item's container is told: its texts, with the refs in them filled in. Pure. */
import type { FailureCause, Json, KTContainer } from '@kube-transform/sdk';
import { shown } from '../parse/stored-value.js';
import type { ContainerCall } from '../ports/containers.js';

/** The longest argument or variable that Linux takes, in bytes, without the end. */
const MAX_WORD = 131_000;
/** Of all of them: what Kubernetes takes as annotations of a pod. */
const MAX_WORDS = 200_000;
/** So long may the JSON of a value be, in bytes: what stands around it needs some room, too. */
const MAX_JSON = 100_000;

/** A filled container as a call: everything in it is text now. */
export function callOf(
  filled: KTContainer,
  { job, item }: { job: string; item: number },
): ContainerCall | FailureCause {
  const problems: { path: string; message: string }[] = [];
  let bytes = 0;
  const word = (path: string, value: Json): string => {
    const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : asText(value);
    const wrong = text === value ? wrongWord(text) : (wrongJson(text) ?? wrongWord(text));
    if (typeof text === 'string' && wrong === null) {
      bytes += Buffer.byteLength(text);
      return text;
    }
    problems.push({ path, message: wrong ?? '' });
    return '';
  };
  const { image, command, args, env, workdir, result } = filled;
  const words = (path: string, values: readonly Json[]): string[] =>
    values.map((value, i) => word(`${path}[${i}]`, value));
  const call: ContainerCall = {
    image: word('image', image),
    command: command === null ? null : words('command', command),
    args: words('args', args),
    env: Object.fromEntries(Object.entries(env).map(([key, value]) => [key, word(`env.${key}`, value)])),
    workdir: workdir === null ? null : word('workdir', workdir),
    resultFile: typeof result === 'object' && 'file' in result ? result.file : null,
  };
  if (call.image === '' && problems.length === 0) problems.push({ path: 'image', message: 'it is empty' });
  if (bytes > MAX_WORDS)
    problems.push({
      path: 'args',
      message: `all its texts have ${bytes} bytes, and a pod may have ${MAX_WORDS}`,
    });
  const [first] = problems;
  if (first === undefined) return call;
  const message = `Step "${job}", item ${item}: container.${first.path}: ${first.message}.`;
  return {
    kind: 'InvalidInput',
    message,
    problems: problems.map(({ path, message: why }) => ({
      code: 'BAD_CONTAINER',
      path: `container.${path}`,
      message: why,
    })),
  };
}

function wrongWord(text: Json): string | null {
  if (typeof text !== 'string') return `should be text, a number, true or false, but is ${shown(text, 80)}`;
  if (text.includes('\0')) return 'it holds a NUL character, which no program can be given';
  const bytes = Buffer.byteLength(text);
  return bytes > MAX_WORD ? `it has ${bytes} bytes, and Linux takes ${MAX_WORD}; write it to a file` : null;
}

/** `{ $json: … }` as the text of its value; anything else as it is. */
function asText(value: Json): Json {
  if (typeof value !== 'object' || value === null || !('$json' in value)) return value;
  return Object.keys(value).length === 1 ? JSON.stringify(value['$json']) : value;
}

function wrongJson(text: Json): string | null {
  const bytes = typeof text === 'string' ? Buffer.byteLength(text) : 0;
  return bytes > MAX_JSON
    ? `its JSON has ${bytes} bytes, and may have ${MAX_JSON}; write it to a file of the store and pass its path`
    : null;
}
