/** The command `kt check`. */
import { Command } from 'commander';
import type { Cli } from './command-context.js';
import { EXIT, printProblems } from '../terminal/exit.js';
import { coloured, plural } from '../terminal/output.js';
import { functionsOption, jsonOption } from './options.js';

/** `kt check`: everything that is wrong with pipelines, before they run. */
export function checkCommand(cli: Cli): Command {
  const { output } = cli;
  return new Command('check')
    .summary('check pipelines and documents, and list what they offer')
    .description(
      'Loads pipelines (default: all modules in pipelines/) and documents, reports everything that is wrong with them, and lists\ntheir steps, functions and parameters.',
    )
    .argument('[pipelines...]', 'names in pipelines/, paths of modules, or documents')
    .addOption(functionsOption())
    .addOption(jsonOption())
    .action(async (typed: string[], options: { functions: string[]; json: boolean }) => {
      const [{ checkFile }, { pipelineNames }, { checkLines }] = await Promise.all([
        import('../pipeline/check-files.js'),
        import('../project/pipeline-names.js'),
        import('../pipeline/check-report.js'),
      ]);
      const names = typed.length > 0 ? typed : await pipelineNames(process.cwd());
      if (names.length === 0) {
        const { KtError } = await import('@kube-transform/sdk');
        throw new KtError({
          code: 'NO_PIPELINE',
          path: 'pipelines/',
          message: 'There are no pipelines in pipelines/.',
          hint: 'Name a file, or make a project with kt init.',
        });
      }
      const files = [];
      for (const name of names) files.push(await checkFile(name, options.functions));
      const problems = files.flatMap(({ file, problems: own }) =>
        own.map(problem => ({ ...problem, path: problem.path === '' ? file : `${file}: ${problem.path}` })),
      );
      if (problems.length > 0) cli.exitWith(EXIT.badInput);
      if (options.json) {
        output.out(JSON.stringify({ ok: problems.length === 0, files }));
        return;
      }
      for (const file of files) for (const line of checkLines(file)) output.out(line);
      await printProblems(problems, output);
      if (problems.length === 0)
        output.out(coloured('Completed', `No problems in ${plural(files.length, 'file')}.`));
      else
        output.err(
          `${plural(problems.length, 'problem')} in ${plural(files.filter(file => file.problems.length > 0).length, 'file')}.`,
        );
    });
}
