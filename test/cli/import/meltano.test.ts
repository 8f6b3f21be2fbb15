/** `kt import meltano`: what it writes is formatted and passes kt check. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format } from 'prettier';
import { expect, test } from 'vitest';
import { expectMistake, project, runKt } from '../../kit/kt.js';

const listOf = (cron: string): string => `A notice before it.
{"schedules": {
  "elt": [{"name": "gitlab-to-jsonl", "interval": "@daily", "cron_interval": "${cron}", "env": {},
    "elt_args": ["tap-gitlab", "target-jsonl", "--transform=None", "--state-id=gitlab-to-jsonl"]}],
  "job": [
    {"name": "class", "interval": "@manual", "cron_interval": null, "env": {"N": 1.50, "ON": true, "Q": "it's $HOME"},
     "job": {"name": "nightly", "tasks": []}},
    {"name": "weekly", "interval": "0 3 * * 7", "cron_interval": "0 3 * * 7", "env": {}, "job": {"name": "w", "tasks": []}}]}}`;

test('kt import meltano - writes a pipeline for each schedule', async () => {
  const dir = await project({ 'list.json': listOf('0 0 * * *') });
  const args = ['import', 'meltano', '--from', 'list.json', '--image', 'acme/meltano:3'];
  const { code, out, err } = await runKt(dir, args);
  expect([code, err]).toEqual([0, '']);
  expect(out).toContain('Wrote pipelines/meltano.ts: 3 pipelines.\n  without a schedule, as there: class\n');
  const text = await readFile(join(dir, 'pipelines/meltano.ts'), 'utf8');
  const options = { printWidth: 110, singleQuote: true, arrowParens: 'avoid', parser: 'typescript' } as const;
  expect(text).toBe(await format(text, options));
  expect(text).toContain(`export const class2 = pipeline('class').container('meltano', {
  image,
  command: ['meltano', 'run', 'nightly'],
  env: {
    N: '1.50',
    ON: 'true',
    Q: "it's $HOME",
  },
});
`);
  expect(text).toContain(`export const weekly = pipeline('weekly')
  .container('meltano', {
    image,
    command: ['meltano', 'run', 'w'],
  })
  .schedule('0 3 * * 0');
`);
  for (const name of ['gitlab-to-jsonl', 'class', 'weekly'])
    expect((await runKt(dir, ['check', `pipelines/meltano.ts#${name}`])).err).toBe('');
  expectMistake(await runKt(dir, args), /FILE_EXISTS/);
});

test('kt import meltano - writes nothing where a schedule is refused', async () => {
  const dir = await project({ 'list.json': listOf('0 25 * * *') });
  const args = ['import', 'meltano', '--from', 'list.json', '--image', 'x', '--out', '-'];
  const ended = await runKt(dir, args);
  expect(ended.out).toBe('');
  expectMistake(ended, /SCHEDULE_REFUSED {2}gitlab-to-jsonl/);
});
