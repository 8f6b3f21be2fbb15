/** A store as the pod of a volume serves it, without the pod: what is said passes through memory. */
import { PassThrough } from 'node:stream';
import type { FileStore } from '../../../packages/runtime/src/ports/index.js';
import { serveVolume } from '../../../packages/runtime/src/kubernetes/files/serve-volume.js';
import type { SessionPeer } from '../../../packages/runtime/src/kubernetes/files/volume-session.js';
import { volumeStore } from '../../../packages/runtime/src/kubernetes/files/volume-store.js';

/** The store, and its sessions: `cut` ends all that are open, as a network does. */
export interface ServedVolume {
  store: FileStore;
  sessions: { served: Promise<void>; asked: PassThrough; said: PassThrough }[];
  cut(): void;
}

export function volumeOf(behind: FileStore): ServedVolume {
  const sessions: ServedVolume['sessions'] = [];
  const open = async (): Promise<SessionPeer> => {
    const [asked, said] = [new PassThrough(), new PassThrough()];
    const served = serveVolume(behind, { input: asked, send: bytes => sent(said, bytes) });
    served.catch(() => undefined).finally(() => said.end());
    sessions.push({ served, asked, said });
    return { input: said, send: bytes => sent(asked, bytes), close: () => asked.end() };
  };
  return {
    store: volumeStore(open, { name: 'the pod "p"', close: async () => undefined }),
    sessions,
    cut: () => {
      for (const { asked, said } of sessions) {
        asked.end();
        said.destroy(new Error('cut'));
      }
    },
  };
}

/** Writes, and waits until there is room. */
const sent = async (stream: PassThrough, bytes: Uint8Array): Promise<void> => {
  if (stream.destroyed || stream.writableEnded) throw new Error('it is closed');
  if (!stream.write(Buffer.from(bytes)))
    await new Promise<void>(resolve => {
      const go = (): void => {
        stream.off('drain', go).off('close', go);
        resolve();
      };
      stream.on('drain', go).on('close', go);
    });
};
