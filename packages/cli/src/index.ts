// Programmatic access to the bundler.
export { makeBundle } from './bundle.js';
export type { Bundle, BundleOptions } from './bundle.js';
