/** What the command line and tests share with the runtime: no public API, it changes without notice. */
export { digestOf } from './entry/bundle-digest.js';
export { AsyncQueue, pushedBy } from './streams/async-queue.js';
export { linesOf } from './streams/lines.js';
