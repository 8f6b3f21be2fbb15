/*
 * Runs containers with the tool of this machine: docker, podman or nerdctl, which understand the same words.
 *
 * - No argument passes through a shell, and no value of a variable is seen in a list of processes: the tool
 *   takes them from its own environment.
 * - A container has a name of its own, and is removed by it, whatever became of the tool's process.
 * - Of a line without end only the beginning is kept.
 * - A `file:` store is mounted at the path that it has here, which is DATA_DIR.
 */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { KtError, parseQuantity } from '@kube-transform/sdk';
import { signalOf } from '../parse/exit-signal.js';
import { cutLinesOf } from '../streams/lines.js';
import { LastLines } from '../streams/last-lines.js';
import type { ContainerCall, ContainerEnd, ContainerRuntime, ContainerTask } from '../ports/containers.js';

/** In the order in which they are looked for. */
const TOOLS = ['docker', 'podman', 'nerdctl'];
/** What docker and its like say with exit codes of their own: it could not be begun. */
const NOT_BEGUN = new Set([125, 126, 127]);

/** How long a container may take to end when it is told to. */
const STOP_SECONDS = '5';

/** Where containers of this machine find the run's files. */
export interface LocalData {
  /** Folder of a `file:` store; null for a store elsewhere. */
  folder: string | null;
  /** URL of the store. */
  url: string;
}

/** A runtime that looks for its tool when it is first needed. Rejects with KtError `NO_CONTAINER_TOOL`. */
export function localRuntime(data: LocalData, env: NodeJS.ProcessEnv = process.env): ContainerRuntime {
  let found: Promise<string> | undefined;
  return {
    run: async (call, task) => run(await (found ??= findTool(env)), call, { task, data, env }),
  };
}

const INSTALL =
  'Install podman (apt install podman, dnf install podman), docker, or nerdctl where there is a containerd: `podman version`, `docker version` or `nerdctl version` must answer. Or run the pipeline on a cluster: kt submit.';
/** It has variables in its command line, drops entrypoints, and its own failures look like the program's. */
const NO_CTR =
  'ctr is made for looking into containerd, not for this. Install nerdctl, which works with the same containerd: `nerdctl version` must answer.';

/** The tool that `KT_CONTAINER_TOOL` names, or the first that answers. */
async function findTool(env: NodeJS.ProcessEnv): Promise<string> {
  const named = env['KT_CONTAINER_TOOL'] || undefined;
  const isCtr = named !== undefined && basename(named) === 'ctr';
  for (const tool of named === undefined ? TOOLS : [named])
    if (!isCtr && (await answers(tool, env))) return tool;
  throw new KtError({
    code: 'NO_CONTAINER_TOOL',
    path: '',
    message:
      named === undefined
        ? 'This step runs a container, and none of docker, podman and nerdctl works here.'
        : `This step runs a container, and KT_CONTAINER_TOOL=${named} does not work here.`,
    hint: isCtr ? NO_CTR : INSTALL,
  });
}

const answers = (tool: string, env: NodeJS.ProcessEnv): Promise<boolean> =>
  new Promise(resolve => {
    execFile(tool, ['version'], { env, timeout: 20_000 }, error => resolve(error === null));
  });

interface Surroundings {
  task: ContainerTask;
  data: LocalData;
  env: NodeJS.ProcessEnv;
}

async function run(tool: string, call: ContainerCall, around: Surroundings): Promise<ContainerEnd> {
  const { task } = around;
  const name = nameOf(task);
  const resultFile = call.resultFile === null ? null : join(await task.scratch(), 'result');
  if (resultFile !== null) await writeFile(resultFile, '', { mode: 0o666 });
  // One of the same name was left by a process that was killed.
  await remove(tool, name);
  try {
    const { code, lastLines } = await follow(tool, argumentsOf(call, { ...around, tool, name, resultFile }), {
      call,
      ...around,
      name,
    });
    const isOutOfMemory = code === 137 && !task.signal.aborted && (await wasOutOfMemory(tool, name));
    if (NOT_BEGUN.has(code) && !(await hasRun(tool, name)))
      throw notBegun(task.job.name, call.image, lastLines.at(-1) ?? '');
    const file = resultFile === null ? null : await readFile(resultFile, 'utf8');
    return { exitCode: code, signal: signalOf(code), isOutOfMemory, lastLines, file };
  } finally {
    await remove(tool, name);
  }
}

/** A container's name: the same for the same attempt of the same run. */
function nameOf({ runId, job, item, attempt }: ContainerTask): string {
  const hash = createHash('sha256').update([runId, job.name, item, attempt].join('\0')).digest('hex');
  return `kt-${hash.slice(0, 20)}`;
}

function argumentsOf(
  call: ContainerCall,
  {
    tool,
    task,
    data,
    name,
    resultFile,
  }: Surroundings & { tool: string; name: string; resultFile: string | null },
): string[] {
  const [entrypoint, ...words] = call.command ?? [];
  const bytes = Math.ceil((parseQuantity(task.job.memory) ?? 2 ** 30) * 1.1);
  const uid = process.getuid?.();
  const user = uid === undefined ? [] : ['--user', `${uid}:${process.getgid?.() ?? 0}`];
  // Without root, podman maps users: its own is to be the one that owns the files.
  if (tool.endsWith('podman') && uid !== 0) user.unshift('--userns', 'keep-id');
  return [
    'run',
    ...['--name', name, '--memory', String(bytes)],
    ...user,
    ...Object.keys(envOf(call, task, data)).flatMap(key => ['--env', key]),
    ...(data.folder === null ? [] : mount(data.folder, data.folder)),
    ...(resultFile === null ? [] : mount(resultFile, call.resultFile ?? '')),
    ...(call.workdir === null ? [] : ['--workdir', call.workdir]),
    ...(entrypoint === undefined ? [] : ['--entrypoint', entrypoint]),
    '--',
    call.image,
    ...words,
    ...call.args,
  ];
}

/** A folder or file of this machine within the container; what is said of it is read as a line of CSV. */
const mount = (source: string, target: string): string[] => [
  '--mount',
  ['type=bind', `source=${source}`, `target=${target}`]
    .map(field => (/[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field))
    .join(','),
];

const envOf = (call: ContainerCall, { job, runId, item }: ContainerTask, data: LocalData) => ({
  ...job.env,
  DATA_DIR: data.folder ?? data.url,
  KT_RUN: runId,
  KT_JOB: job.name,
  JOB_COMPLETION_INDEX: String(item),
  ...call.env,
});

/** Runs the tool's process to its end. */
async function follow(
  tool: string,
  args: string[],
  { task, call, data, env, name }: Surroundings & { call: ContainerCall; name: string },
): Promise<{ code: number; lastLines: readonly string[] }> {
  const { signal, onLine } = task;
  signal.throwIfAborted();
  const child = spawn(tool, args, {
    env: { ...env, ...envOf(call, task, data) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = (): void => void execFile(tool, ['stop', '--time', STOP_SECONDS, name], () => undefined);
  signal.addEventListener('abort', stop);
  const last = new LastLines();
  const read = async (stream: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const text of cutLinesOf(stream)) {
      const line = text.replace(/\r$/, '');
      onLine(line);
      last.push(line);
    }
  };
  try {
    const ended = new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, killed) => resolve(code ?? 128 + (killed === 'SIGTERM' ? 15 : 9)));
    });
    await Promise.all([read(child.stdout), read(child.stderr)]);
    return { code: await ended, lastLines: last.all() };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

const remove = (tool: string, name: string): Promise<void> =>
  new Promise(resolve => {
    execFile(tool, ['rm', '--force', name], () => resolve());
  });

const inspect = (tool: string, name: string, format: string): Promise<string> =>
  new Promise(resolve => {
    execFile(tool, ['inspect', '--format', format, name], (error, out) =>
      resolve(error === null ? out.trim() : ''),
    );
  });

const wasOutOfMemory = async (tool: string, name: string): Promise<boolean> =>
  (await inspect(tool, name, '{{.State.OOMKilled}}')) === 'true';

/** Whether the container's own process had begun: its exit code is that of the program then. */
const hasRun = async (tool: string, name: string): Promise<boolean> =>
  !/^(0001-|$)/.test(await inspect(tool, name, '{{.State.StartedAt}}'));

const notBegun = (step: string, image: string, said: string): KtError =>
  new KtError({
    code: 'CONTAINER_NOT_STARTED',
    path: step,
    message: `The container of step "${step}" could not be started from ${JSON.stringify(image)}: ${said.replace(/[.\s]+$/, '')}.`,
    hint: 'Look whether the image is there, and whether it has the program.',
  });
