/** Codes of errors with which another process of the same code does not get further. */
export const BEYOND_RETRY: ReadonlySet<string> = new Set(['WRONG_VERSION', 'NEWER_FORMAT', 'BUNDLE_CHANGED']);
