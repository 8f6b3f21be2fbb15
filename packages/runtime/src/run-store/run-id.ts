/** Ids of runs: which are allowed, and how they are made. */
import type { Clock } from '../ports/index.js';

/**
 * What a run id may look like: 1 to 100 characters of `a-z`, `0-9`, "-" and ".", a letter or digit at both
 * ends.
 */
export const RUN_ID = /^[a-z0-9](?:[a-z0-9.-]{0,98}[a-z0-9])?$/;

/** How the ids of a pipeline's runs begin. */
export const readableName = (pipeline: string): string =>
  pipeline
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40) || 'run';

/** A run id that sorts by time: `<pipeline>-<yyyymmdd-hhmmss>-<random>`. */
export function makeRunId(pipeline: string, clock: Clock): string {
  const name = readableName(pipeline);
  // eslint-disable-next-line no-restricted-globals -- a moment as text; none is asked for
  const time = new Date(clock.nowMs())
    .toISOString()
    .replaceAll(/[-:]|\..*/g, '')
    .replace('T', '-');
  return `${name}-${time}-${clock.randomId(4)}`;
}
