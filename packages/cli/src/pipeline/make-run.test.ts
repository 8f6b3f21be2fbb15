/** What is refused before a run is made, and what is said of functions that have changed. */
import { describe, expect, test } from 'vitest';
import { loadSource, makeRun, noteChange, type RunRequest } from './make-run.js';

const NOTHING: RunRequest = { typed: undefined, rest: [], pairs: [], functions: [], runId: undefined };

describe('makeRun', () => {
  test('without a pipeline - says what may be typed, for the command that was', async () => {
    await expect(makeRun(NOTHING, 'kt submit')).rejects.toMatchObject({
      problems: [
        {
          code: 'MISSING_ARGUMENT',
          path: 'pipeline',
          hint: 'kt submit PIPELINE, kt submit spec.json --functions MODULE, or kt submit --resume RUN.',
        },
      ],
    });
  });

  test('an option in the place of the pipeline - is not known', async () => {
    await expect(makeRun({ ...NOTHING, typed: '--jsno' })).rejects.toMatchObject({
      problems: [
        {
          code: 'UNKNOWN_OPTION',
          path: 'kt run',
          message: 'The option "--jsno" is not known; options of a pipeline follow its name.',
        },
      ],
    });
  });
});

describe('noteChange', () => {
  const noted = (began: string | undefined, digest: string | undefined): string[] => {
    const notes: string[] = [];
    const source = digest === undefined ? null : { pipeline: 'a.ts', functions: [], digest };
    noteChange('r', { began, loaded: { source } as never }, text => notes.push(text));
    return notes;
  };

  test('functions that are the same, or were not known - are no news', () => {
    expect([noted('d1', 'd1'), noted(undefined, 'd1')]).toEqual([[], []]);
  });

  test('functions that are others, or gone - are told', () => {
    expect(noted('d1', 'd2')).toEqual([
      expect.stringMatching(/^note: the functions have changed since run r began;/),
    ]);
    expect(noted('d1', undefined)).toHaveLength(1);
  });
});

test('loadSource - a run that was made without functions needs them named', async () => {
  await expect(loadSource(null, [])).rejects.toMatchObject({
    problems: [{ code: 'NO_FUNCTIONS', path: '--functions', hint: 'Give --functions MODULE.' }],
  });
});
