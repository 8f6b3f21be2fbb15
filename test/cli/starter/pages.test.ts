/** What docs/starter.md and the README of the starter tell people to type is there. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeProject, runKt } from '../../kit/kt.js';
import { read, root } from '../../kit/sources.js';
import { existsSync } from 'node:fs';

const PAGES = ['docs/starter.md', 'packages/cli/templates/starter/README.md'];
const TERRAFORM = 'packages/cli/templates/starter/deploy/terraform/eks';

/** Lines of code, without what is said of them. */
const codeOf = (page: string): string[] =>
  [...read(page).matchAll(/^(?: {4}|```sh\n[\s\S]*?^```)[^\n]*/gm)]
    .flatMap(([block]) => block.split('\n'))
    .map(line => line.replace(/\s# .*$/, '').trim())
    .filter(line => line !== '' && !line.startsWith('```'));

test.each(PAGES)('%s: every command of kt is one, with options that it has', async page => {
  const commands = codeOf(page).flatMap(line => [...line.matchAll(/\bkt ([a-z]+(?: [a-z]+)?)([^|"]*)/g)]);
  expect(commands.length).toBeGreaterThanOrEqual(10);
  const dir = await makeProject({});
  try {
    for (const [line, words = '', rest = ''] of commands) {
      const [verb = '', second = ''] = words.split(' ');
      const path = verb === 'files' ? [verb, second] : [verb];
      const { out, code } = await runKt(dir, [...path, '--help']);
      expect(code, line).toBe(0);
      expect(out, line).toContain(`Usage: kt ${path.join(' ')} `);
      for (const [option] of rest.matchAll(/(?<=\s)--[a-z-]+/g)) expect(out, line).toContain(option);
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

test.each(PAGES)('%s: files, variables and outputs that it names are there', page => {
  const text = read(page);
  for (const [name] of text.matchAll(/\bdeploy\/(?:local|terraform)\/[\w./-]*\w/g))
    if (!name.endsWith('kubeconfig'))
      expect(existsSync(join(root, 'packages/cli/templates/starter', name)), name).toBe(true);
  const outputs = read(`${TERRAFORM}/outputs.tf`);
  const named = [...text.matchAll(/terraform output -\w+ (\w+)/g)].map(([, name = '']) => name);
  expect(new Set(named).size).toBe(3);
  for (const name of named) expect(outputs).toContain(`output "${name}"`);
  const variables = read(`${TERRAFORM}/variables.tf`);
  for (const [, name = ''] of text.matchAll(/-var (\w+)=/g))
    expect(variables).toContain(`variable "${name}"`);
});
