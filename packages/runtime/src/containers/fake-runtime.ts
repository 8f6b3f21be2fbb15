/** Containers that are functions, for tests. */
import { type Json, KtError, type KtFiles } from '@kube-transform/sdk';
import { messageOf } from '../parse/thrown.js';
import type { ContainerEnd, ContainerRuntime } from '../ports/containers.js';

/**
 * What a fake container is given: what the real one would run, and the run's files.
 *
 * @example
 * ```ts
 * const sort = async ({ args, files }: FakeContainerCall): Promise<void> => {
 *   const lines = (await files.readText(args[0] ?? '')).split('\n');
 *   await files.write('out/sorted.txt', lines.sort().join('\n'));
 * };
 * ```
 */
export interface FakeContainerCall {
  image: string;
  /** Null: the image's own. */
  command: readonly string[] | null;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  workdir: string | null;
  /** Index of the item within its step, from 0. */
  index: number;
  /** Which attempt of it this is, from 1. */
  attempt: number;
  files: KtFiles;
  signal: AbortSignal;
}

/**
 * How a fake container ends. What it throws is exit code 1, with the message as its last line.
 *
 * @example
 * ```ts
 * const end: FakeContainerEnd = { exitCode: 3, output: 'no such table' };
 * ```
 */
export interface FakeContainerEnd {
  /** Default 0. */
  exitCode?: number;
  /** What it prints. Default nothing. */
  output?: string;
  /** What it writes to the file of its result, as JSON. Default nothing. */
  result?: Json;
}

/**
 * A fake container, by the name of its step.
 *
 * @example
 * ```ts
 * const containers: Record<string, FakeContainer> = { dbt: ({ env }) => ({ output: `day ${env['DAY']}` }) };
 * ```
 */
export type FakeContainer = (
  call: FakeContainerCall,
) => FakeContainerEnd | undefined | void | Promise<FakeContainerEnd | undefined | void>;

/** Runs fakes. Rejects with KtError `NO_FAKE` for a step that has none. */
export function fakeRuntime(fakes: Readonly<Record<string, FakeContainer>>): ContainerRuntime {
  return {
    run: async ({ resultFile, ...call }, { job, item, attempt, files, signal, onLine }) => {
      const fake = Object.hasOwn(fakes, job.name) ? fakes[job.name] : undefined;
      if (fake === undefined) throw noFake(job.name);
      const {
        exitCode = 0,
        output = '',
        result,
      } = await ended(() => fake({ ...call, index: item, attempt, files, signal }));
      const lines = output.split('\n').filter(line => line.trim() !== '');
      for (const line of lines) onLine(line);
      return {
        exitCode,
        signal: null,
        isOutOfMemory: false,
        lastLines: lines.slice(-3),
        file: resultFile === null || result === undefined ? null : JSON.stringify(result),
      } satisfies ContainerEnd;
    },
  };
}

async function ended(run: () => ReturnType<FakeContainer>): Promise<FakeContainerEnd> {
  try {
    return (await run()) ?? {};
  } catch (thrown) {
    return { exitCode: 1, output: messageOf(thrown) };
  }
}

const noFake = (step: string): KtError =>
  new KtError({
    code: 'NO_FAKE',
    path: step,
    message: `Step "${step}" runs a container, and this test has no fake for it.`,
    hint: `Give testRun containers: { ${JSON.stringify(step)}: async ({ command, args, env, files }) => { … } }.`,
  });
