import { constants } from 'node:os';
import { expect, test } from 'vitest';
import { storeFailed } from './store-errors.js';

const NETWORK = Object.keys(constants.errno).filter(code =>
  /^E(CONN(REFUSED|RESET|ABORTED)|HOST\w+|NET(UNREACH|DOWN)|TIMEDOUT|PIPE)$/.test(code),
);

test('what goes wrong on the way to a server - is not said to be its answer', () => {
  expect(NETWORK.length).toBeGreaterThanOrEqual(8);
  for (const code of NETWORK) {
    const error = storeFailed(
      new Error(`connect ${code}`),
      { action: 'read', store: 's3://b', key: 'k' },
      { code },
    );
    expect(error.problems[0]?.hint, code).not.toMatch(/^The server says/);
  }
});
