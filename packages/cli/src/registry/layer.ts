/** Makes files into a layer of an image: the same files give the same bytes. */
import { reproducibleGzip } from '@kube-transform/runtime/kubernetes';
import { pack } from './tar-pack.js';
import { ociDigest } from './repository.js';

/** A layer. */
export interface Layer {
  /** Compressed. */
  bytes: Uint8Array;
  digest: string;
  /** Digest of what is compressed, which the image's configuration wants. */
  diffId: string;
}

/** The epoch, for reproducible bytes. */
const TIME = new Date(0);

/** A file of a layer, or a symbolic link. */
export type LayerFile = { body: Uint8Array; executable?: boolean } | { link: string };

/** Makes a layer of files by absolute path, and of the folders that they are in. */
export async function makeLayer(files: ReadonlyMap<string, LayerFile>): Promise<Layer> {
  const tar = pack();
  const chunks: Buffer[] = [];
  const read = (async () => {
    for await (const chunk of tar) chunks.push(chunk as Buffer);
  })();
  for (const folder of foldersOf(files.keys()))
    tar.entry({ name: `${folder}/`, type: 'directory', mode: 0o755, mtime: TIME, uid: 0, gid: 0 });
  for (const path of [...files.keys()].sort()) {
    const file = files.get(path);
    const head = { name: path.slice(1), mtime: TIME, uid: 0, gid: 0 };
    if (file === undefined) continue;
    if ('link' in file) tar.entry({ ...head, type: 'symlink', linkname: file.link, mode: 0o777 });
    else tar.entry({ ...head, mode: file.executable === true ? 0o755 : 0o644 }, Buffer.from(file.body));
  }
  tar.finalize();
  await read;
  const plain = Buffer.concat(chunks);
  const bytes = reproducibleGzip(plain);
  return { bytes, digest: ociDigest(bytes), diffId: ociDigest(plain) };
}

function foldersOf(paths: Iterable<string>): string[] {
  const folders = new Set<string>();
  for (const path of paths) {
    const parts = path.split('/').slice(1, -1);
    parts.forEach((_, i) => folders.add(parts.slice(0, i + 1).join('/')));
  }
  return [...folders].sort();
}
