/** The home folder of the user that this process runs for. */
import { homedir } from 'node:os';
import { quietly } from '../parse/stored-value.js';

/** `HOME`, else what the system knows of the user; `/` where that is nothing, as in many containers. */
export const homeFolder = (env: Readonly<Record<string, string | undefined>>): string =>
  env['HOME'] || quietly(homedir) || '/';
