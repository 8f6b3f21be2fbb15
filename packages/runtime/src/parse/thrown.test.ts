/** What was thrown, as a cause that tells what it was and what caused it. */
import { KtError, PermanentError } from '@kube-transform/sdk';
import { describe, expect, test } from 'vitest';
import { HOSTILE } from '../../../../test/fixtures/functions/hostile.js';
import { messageOf, threw } from './thrown.js';

describe('what is no error', () => {
  test.each([
    ['plain text', 'plain text'],
    [10n, 'something that is no Error: 10n'],
    [Symbol('gone'), 'something that is no Error: Symbol(gone)'],
    [undefined, 'something that is no Error: undefined'],
    [null, 'something that is no Error: null'],
    [['a'], 'something that is no Error: ["a"]'],
    [{}, 'something that is no Error: {}'],
    [
      { status: 503, request: { tries: 2n } },
      'something that is no Error: [object with status, request] {"status":503,"request":{"tries":"2n"}}',
    ],
  ])('%s', (thrown, message) => {
    expect(threw(thrown)).toEqual({ kind: 'Threw', name: 'Error', message });
  });

  test('not even an object that can be looked at', () => {
    expect(messageOf(HOSTILE['a revoked proxy']!())).toBe(
      'something that is no Error: an object that cannot be read',
    );
  });

  test('but looks like one - is one', () => {
    expect(threw({ name: 'Axios', message: 'no answer', stack: 'Axios: no answer\n    at f' })).toEqual({
      ...{ kind: 'Threw', name: 'Axios', message: 'no answer', stack: 'Axios: no answer\n    at f' },
    });
    expect(threw(HOSTILE['an error of another realm']!())).toMatchObject({
      ...{ name: 'TypeError', message: 'elsewhere', stack: expect.stringContaining('evalmachine') },
    });
  });
});

describe('an error', () => {
  test('is told with what caused it, its stack with those of its causes', () => {
    const inner = new Error('connect ECONNREFUSED');
    const error = new Error('query failed', { cause: new Error('no connection', { cause: inner }) });
    const cause = threw(error);
    expect(cause.message).toBe('query failed (caused by: no connection (caused by: connect ECONNREFUSED))');
    expect(cause.stack?.startsWith(error.stack ?? '-')).toBe(true);
    expect(cause.stack).toContain(`caused by: ${inner.stack ?? '-'}`);
  });

  test('of many is told with each, the first five', () => {
    const errors = [1, 2, 3, 4, 5, 6, 7].map(n => new Error(`mirror ${n}`));
    expect(messageOf(new AggregateError(errors, 'no mirror answers'))).toBe(
      'no mirror answers (caused by: mirror 1; mirror 2; mirror 3; mirror 4; mirror 5; and 2 more)',
    );
  });

  test('that says itself what caused it is told once', () => {
    expect(messageOf(new Error('query failed: no route', { cause: new Error('no route') }))).toBe(
      'query failed: no route',
    );
    const problem = { code: 'BAD_TEXT', path: '', message: 'Not UTF-8.' };
    expect(messageOf(new KtError(problem, { cause: new Error('decoder') }))).toBe('Not UTF-8.');
  });

  test('without a message, or with an odd one, is told all the same', () => {
    expect(messageOf(new RangeError())).toBe('RangeError without a message');
    expect(messageOf(HOSTILE['an error whose message is an object']!())).toBe('{"a":"10n"}');
    expect(messageOf(HOSTILE['an error whose message throws']!())).toBe('its message cannot be read');
    expect(messageOf(HOSTILE['an error caused by itself']!())).toBe('caused by itself');
  });

  test('that is permanent stays so', () => {
    expect(threw(new PermanentError('never'))).toMatchObject({ name: 'PermanentError', permanent: true });
  });
});
