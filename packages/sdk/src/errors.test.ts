import { expect, test } from 'vitest';
import { assertNever, formatProblem, isKtError, isPermanent, KtError, PermanentError } from './errors.js';

const PROBLEM = { code: 'CYCLE', path: 'jobs[0]', message: 'A circle.', hint: 'Cut it.' };

test('a KtError says every problem, one a line, and has the code of the first', () => {
  const error = new KtError([PROBLEM, { code: 'OTHER', path: '', message: 'As a whole.' }]);
  expect(error.message).toBe('jobs[0]: A circle. Cut it.\nAs a whole.');
  expect(error).toMatchObject({ name: 'KtError', code: 'CYCLE' });
  expect(error.problems).toHaveLength(2);
});

test('a KtError takes one problem, and a cause', () => {
  const cause = new Error('below');
  const error = new KtError(PROBLEM, { cause });
  expect(error.problems).toEqual([PROBLEM]);
  expect(error.cause).toBe(cause);
});

test('a problem without hint and path is its message', () => {
  expect(formatProblem({ code: 'X', path: '', message: 'Only this.' })).toBe('Only this.');
});

test('errors of another copy of this package are recognised', () => {
  const foreign = Object.assign(new Error('x'), { [Symbol.for('kube-transform.error')]: true });
  expect(isKtError(foreign)).toBe(true);
  expect(isKtError(new KtError(PROBLEM))).toBe(true);
  expect([new Error('x'), null, undefined, 'KtError', {}].map(isKtError)).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
  expect(isPermanent(Object.assign(new Error('x'), { [Symbol.for('kube-transform.permanent')]: true }))).toBe(
    true,
  );
});

test('a PermanentError is told from others', () => {
  const error = new PermanentError('never');
  expect(isPermanent(error)).toBe(true);
  expect(isPermanent(new Error('once'))).toBe(false);
  expect(isPermanent(undefined)).toBe(false);
  expect(`${error}`).toBe('PermanentError: never');
});

test('assertNever names the value', () => {
  expect(() => assertNever('odd' as never)).toThrow('Bug: unexpected value "odd"');
});
