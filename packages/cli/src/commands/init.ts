/** The command `kt init`. */
import { Command } from 'commander';
import type { Cli } from './command-context.js';
import { plural, printText } from '../terminal/output.js';
import { shellWord } from '../terminal/plain-text.js';

/** `kt init`: a project that runs and tests at once. */
export function initCommand({ output }: Cli): Command {
  return new Command('init')
    .summary('make a project that runs and tests at once')
    .description(
      'Makes a project with a small pipeline, its test and its data. Files that exist are never overwritten.',
    )
    .argument('[dir]', 'folder of the project, made where it is missing', '.')
    .option(
      '--docker',
      'with a Dockerfile for the delivery "docker"; a project that is there gets only that',
      false,
    )
    .action(async (dir: string, options: { docker: boolean }) => {
      const { scaffold } = await import('../project/scaffold.js');
      const files = await scaffold(dir, options);
      const isNew = files.includes('package.json');
      output.out(
        `Made ${isNew ? 'a project' : 'a Dockerfile'} in ${dir === '.' ? 'this folder' : dir}: ${plural(files.length, 'file')}.`,
      );
      for (const file of files) output.out(`  ${file}`);
      if (!isNew)
        return printText(output, 'Next:\n  npx kt deploy --delivery docker --repository REGISTRY/NAME');
      printText(
        output,
        `Next:\n${dir === '.' ? '' : `  cd ${shellWord(dir)}\n`}  npm install\n  npm test\n  npx kt run hello`,
      );
    });
}
