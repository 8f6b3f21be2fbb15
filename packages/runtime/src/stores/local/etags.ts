/*
 * What an object's etag is made of: its inode, the time of its last change in ns and its size.
 *
 * Inodes are used again and kernels stamp times in ticks of up to 10 ms, so neither alone would do. Each
 * write of this process therefore gives its file a time of its own, to the µs.
 */
/** Of the process, as its clock is: two stores may be of one folder. */
let lastTimeUs = 0;
/** `performance` has it too, and takes longer to load than all of this. */
const clockUs = (): number => Number(process.hrtime.bigint() / 1000n);
// eslint-disable-next-line no-restricted-syntax -- a stamp
const originUs = Date.now() * 1000 - clockUs();

/** The etag of an object's file. */
export function etagOf(file: { ino: bigint; size: bigint; mtimeNs: bigint }): string {
  return `${file.ino.toString(36)}-${file.mtimeNs.toString(36)}-${file.size.toString(36)}`;
}

/** The time in seconds, later than any that this process was given. */
export function nextTimeS(): number {
  return (lastTimeUs = Math.max(originUs + clockUs(), lastTimeUs + 1)) / 1e6;
}
