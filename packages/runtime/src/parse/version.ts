/** The version of kt that this is; the three packages have the same. */
export const VERSION = '0.1.0';
