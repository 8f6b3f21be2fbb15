/** How one gets into a pod that waits, and runs what it would have run. Pure. */
import { posixWord, replayWords } from '@kube-transform/runtime/kubernetes';
import type { Debugging } from '../backends/backend.js';
import { shellWord } from '../terminal/plain-text.js';

type DebugPod = Extract<Debugging, { kind: 'pod' }>;

/** How it was asked for. */
interface Shown {
  kubeconfig?: string | undefined;
  keepMs: number;
  /** Of the debugger; null where there is none. */
  port: number | null;
}

/** The lines; commands are words of any shell. */
export function debugLines(debug: DebugPod, { kubeconfig, keepMs, port }: Shown): string[] {
  const { context, namespace, job, pod, item, words, isWorker } = debug;
  const to = ['--context', context, '-n', namespace, ...(kubeconfig ? ['--kubeconfig', kubeconfig] : [])];
  const kubectl = (rest: readonly string[]): string => ['kubectl', ...to, ...rest].map(shellWord).join(' ');
  const into = (rest: readonly string[]): string =>
    kubectl(['exec', '-it', pod, '-c', 'main', '--', ...rest]);
  const replay = isWorker ? replayWords(words, port) : words;
  const said = replay.map(posixWord).join(' ');
  return [
    `Pod ${pod} waits, with all that item ${item} had, for ${spanText(keepMs)} from its start.`,
    `Get in:      ${into(['sh'])}`,
    ...(replay.length === 0
      ? ['It ran what its image runs by itself: its pod named no command.']
      : [`It would have run, and in the pod eval "$KT_COMMAND" runs:`, `  ${said.replaceAll('\n', '\n  ')}`]),
    ...(isWorker ? [`Run the item: ${into(replay)}`] : []),
    ...(isWorker && port !== null
      ? [
          `Debugger:    ${kubectl(['port-forward', pod, `${port}:${port}`])}`,
          `             then open chrome://inspect, or attach an editor to 127.0.0.1:${port}.`,
        ]
      : []),
    ...(!isWorker && port !== null ? ['--inspect is for functions: this is a container of its own.'] : []),
    `End it:      ${kubectl(['delete', 'job', job])}`,
  ];
}

const spanText = (ms: number): string =>
  ms % 3_600_000 === 0 ? `${ms / 3_600_000} h` : ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`;
