/** How one gets into a pod that waits, and runs what it would have run. Pure. */
import { CONTAINER, posixWord, replayWords } from '@kube-transform/runtime/kubernetes';
import type { Debugging } from '../backends/backend.js';
import { shellWord } from '../terminal/plain-text.js';

type DebugPod = Extract<Debugging, { kind: 'pod' }>;

/** How it was asked for. */
interface Shown {
  kubeconfig?: string | undefined;
  keepMs: number;
  /** Its function is called at once, under a debugger. */
  isInspected: boolean;
}

/** The lines; commands are words of any shell. */
export function debugLines(debug: DebugPod, { kubeconfig, keepMs, isInspected }: Shown): string[] {
  const { context, namespace, job, pod, item, words, isWorker } = debug;
  const to = `--context ${shellWord(context)} -n ${shellWord(namespace)}${kubeconfig ? ` --kubeconfig ${shellWord(kubeconfig)}` : ''}`;
  const into = (program: string): string =>
    `kubectl ${to} exec -it ${shellWord(pod)} -c ${CONTAINER} -- ${program}`;
  const replay = isWorker ? replayWords(words, null) : words;
  const said = replay.map(posixWord).join(' ');
  return [
    `Pod ${pod} waits, with all that item ${item} had, for ${spanText(keepMs)} from its start.`,
    `Get in:      ${into('sh')}`,
    ...(replay.length === 0
      ? ['It ran what its image runs by itself: its pod named no command.']
      : [`It would have run, and in the pod eval "$KT_COMMAND" runs:`, `  ${said.replaceAll('\n', '\n  ')}`]),
    ...(isWorker && !isInspected ? [`Run the item: ${into(said)}`] : []),
    `End it:      kubectl ${to} delete job ${shellWord(job)}`,
  ];
}

/** How a debugger gets to the function. */
export const inspectLine = (port: number): string =>
  `Debugger:    127.0.0.1:${port} leads into the pod: open chrome://inspect, or attach an editor. The function waits for it; the pod goes when it has ended, or with Ctrl-C.`;

const spanText = (ms: number): string =>
  ms % 3_600_000 === 0 ? `${ms / 3_600_000} h` : ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`;
