import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const capture = new URL('../../dist/process/console-capture.js', import.meta.url).href;

/**
 * What a process that captures its output logs and prints. The capture changes `process`, so it needs one of
 * its own.
 */
function run(script: string): { logged: unknown; printed: string } {
  const head = `import { captureOutput, withinLog } from ${JSON.stringify(capture)}; import { writeSync } from 'node:fs';
    const logged = []; const log = Object.fromEntries(['info', 'warn', 'error', 'debug'].map(level => [level, text => logged.push(level + ' ' + text)]));
    process.on('exit', () => writeSync(2, JSON.stringify(logged)));\n`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', head + script], {
    encoding: 'utf8',
  });
  return { logged: JSON.parse(stderr), printed: stdout };
}

test('what is printed within an item is logged, and the rest is printed', () => {
  const { logged, printed } = run(`
    captureOutput();
    console.log('before');
    await withinLog({ log }, async () => { console.log('a', 1); console.error('b'); process.stdout.write('c\\n'); process.stderr.write('d'); });
    process.stdout.write('after\\n');`);
  expect(logged).toEqual(['info a 1', 'error b', 'info c', 'warn d']);
  expect(printed).toBe('before\nafter\n');
});

test('a stream that a module took before is captured', () => {
  const { logged } = run(
    `const out = process.stdout; await withinLog({ log }, async () => { out.write('x'); });`,
  );
  expect(logged).toEqual(['info x']);
});

test('a stream that a module takes after the capture is captured', () => {
  const { logged } = run(
    `captureOutput(); const out = process.stdout; await withinLog({ log }, async () => { out.write('x'); });`,
  );
  expect(logged).toEqual(['info x']);
});

test('who waits for a write is called back', () => {
  const { logged } = run(`
    captureOutput();
    await withinLog({ log }, async () => {
      await new Promise(resolve => process.stdout.write('plain', resolve));
      await new Promise(resolve => process.stdout.write('encoded', 'utf8', resolve));
    });`);
  expect(logged).toEqual(['info plain', 'info encoded']);
});

test('no stream is made that nobody asks for', () => {
  const { logged } = run(`
    const made = () => process.moduleLoadList.includes('NativeModule net') || process.moduleLoadList.includes('NativeModule tty');
    captureOutput();
    await withinLog({ log }, async () => { console.log(String(made())); });`);
  expect(logged).toEqual(['info false']);
});
