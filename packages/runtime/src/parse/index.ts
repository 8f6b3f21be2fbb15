// @kube-transform/runtime/parse: how kt's own packages read what was written. Not for users.
export { Format } from './format.js';
export { broken, parseAs, parseJson, parseText, tryJson } from './parse-json.js';
export type { Origin } from './parse-json.js';
export * from './shapes.js';
export { VERSION } from './version.js';
