/** The command `kt init`. */
import { Command, Option } from 'commander';
import type { Template } from '../project/scaffold.js';
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
    .addOption(
      new Option(
        '--template <name>',
        "what it begins as; starter: kube-transform's starter kit, with local clusters and Terraform for EKS",
      )
        .choices(['hello', 'starter'] satisfies Template[])
        .default('hello'),
    )
    .option(
      '--docker',
      'with a Dockerfile for the delivery "docker"; a project that is there gets only that',
      false,
    )
    .action(async (dir: string, { template, docker }: { template: Template; docker: boolean }) => {
      const { scaffold, TEMPLATES } = await import('../project/scaffold.js');
      const files = await scaffold(dir, docker ? { template, docker } : { template });
      const isNew = files.includes('package.json');
      output.out(
        `Made ${isNew ? 'a project' : 'a Dockerfile'} in ${dir === '.' ? 'this folder' : dir}: ${plural(files.length, 'file')}.`,
      );
      for (const file of files) output.out(`  ${file}`);
      if (!isNew)
        return printText(output, 'Next:\n  npx kt deploy --delivery docker --repository REGISTRY/NAME');
      const enter = dir === '.' ? '' : `  cd ${shellWord(dir)}\n`;
      const run = ['npx kt run', TEMPLATES[template]].join(' ');
      printText(output, `Next:\n${enter}  npm install\n  npm test\n  ${run}`);
    });
}
