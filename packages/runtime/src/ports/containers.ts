/** Containers of the user's, as types: what one runs, and how it ended. */
import type { KtFiles, KTJob } from '@kube-transform/sdk';

/** A container as it is run: everything in it is text. */
export interface ContainerCall {
  image: string;
  /** Program and first arguments; null: those of the image. */
  command: string[] | null;
  args: string[];
  env: Record<string, string>;
  workdir: string | null;
  /** The file within the container that holds its result. */
  resultFile: string | null;
}

/** What an item runs: its step, and what its container is given; null where it calls a function. */
export interface ItemStep {
  item: number;
  job: KTJob;
  call: ContainerCall | null;
}

/** Which item of which step a container is run for, and whom to tell. */
export interface ContainerTask {
  runId: string;
  pipeline: string;
  job: KTJob;
  item: number;
  attempt: number;
  /** Aborted: the container is to be ended. */
  signal: AbortSignal;
  /** The run's file store, for runtimes that are no real ones. */
  files: KtFiles;
  /** A folder of this machine for as long as the attempt goes on. */
  scratch: () => Promise<string>;
  /** Told each line that it prints, of both streams. */
  onLine: (line: string) => void;
}

/** How a container ended. */
export interface ContainerEnd {
  exitCode: number;
  signal: string | null;
  isOutOfMemory: boolean;
  /** The last lines that it printed and that are not empty, at most three. */
  lastLines: readonly string[];
  /** What it wrote to its `resultFile`; null where that is not there. */
  file: string | null;
}

/** Runs containers on this machine. */
export interface ContainerRuntime {
  /** Runs one to its end. Rejects with KtError where it cannot be started. */
  run(call: ContainerCall, task: ContainerTask): Promise<ContainerEnd>;
}
