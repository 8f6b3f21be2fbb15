/** The version of kt that this is, as all three packages have it: a test says where it is not theirs. */
export const VERSION = '0.1.0';
