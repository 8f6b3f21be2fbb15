/** What an item ran, again, for somebody to look inside: how it is asked for, and what waits then. */

/** Which item is looked into, and how. */
export interface DebugOptions {
  /** `STEP` or `STEP/INDEX`. */
  selector: string;
  /** Call its function in a process here, in place of a pod. */
  local: boolean;
  /** How long its pod stays, in milliseconds. */
  keepMs: number;
  /** In place of the image of its pod. */
  image?: string | undefined;
  /** In place of the memory of its pod, such as `4Gi`. */
  memory?: string | undefined;
  /** Told why it failed last, and why it takes long. */
  note: (text: string) => void;
  /** Aborted: what was begun is taken away. */
  signal: AbortSignal;
}

/** A function that is called under a debugger. */
export interface InspectSession {
  /** Of this machine; 0: any. */
  port: number;
  /** Told once that the port leads to the debugger. */
  listening: (port: number) => void;
  /** Told what the function prints, a line each. */
  print: (line: string) => void;
  signal: AbortSignal;
}

/** What waits for somebody: a pod that runs, or a process that is to be started with Node. */
export type Debugging =
  | {
      readonly kind: 'pod';
      readonly context: string;
      readonly namespace: string;
      /** The Job that ends it. */
      readonly job: string;
      readonly pod: string;
      readonly item: number;
      /** What the item's pod ran, word by word; empty where its image says. */
      readonly words: readonly string[];
      /** Its words call a function, with Node. */
      readonly isWorker: boolean;
      /**
       * Calls that function in the pod under a debugger, to which a port of this machine leads, and takes the
       * pod away; false where the function failed. Rejects with the signal's reason.
       *
       * @throws KtError `NO_FUNCTIONS`, `PORT_TAKEN`, `EXEC_FAILED`, `CLUSTER_FORBIDDEN`.
       */
      readonly inspect: (session: InspectSession) => Promise<boolean>;
    }
  | { readonly kind: 'process'; readonly script: string; readonly env: Readonly<Record<string, string>> };
