/*
 * The command line: one verb each in `commands/`.
 *
 * - Commands load what they need when they run, so that `kt --help` and completion answer at once.
 * - Nothing here touches the process: arguments come in, text goes to the output, the exit code is
 *   returned.
 */
import { Command, CommanderError } from 'commander';
import type { Cli, Surroundings } from './commands/command-context.js';
import { ownVersion } from './terminal/own-version.js';
import { usageProblem } from './terminal/usage-problem.js';
import { EXIT, reportError } from './terminal/exit.js';
import { type Output, plainly, printText } from './terminal/output.js';
import { bundleCommand } from './commands/bundle.js';
import { cancelCommand } from './commands/cancel.js';
import { checkCommand } from './commands/check.js';
import { candidatesCommand } from './commands/complete.js';
import { completionCommand } from './commands/completion.js';
import { configCommand } from './commands/config.js';
import { filesCommand } from './commands/files.js';
import { gcCommand } from './commands/gc.js';
import { debugCommand } from './commands/debug.js';
import { deployCommand } from './commands/deploy.js';
import { doctorCommand } from './commands/doctor.js';
import { graphCommand } from './commands/graph.js';
import { importCommand } from './commands/import.js';
import { initCommand } from './commands/init.js';
import { jobsCommand } from './commands/jobs.js';
import { logsCommand } from './commands/logs.js';
import { rbacCommand } from './commands/rbac.js';
import { renderCommand } from './commands/render.js';
import { repairCommand } from './commands/repair.js';
import { retryCommand } from './commands/retry.js';
import { rollbackCommand } from './commands/rollback.js';
import { runCommand } from './commands/run.js';
import { runsCommand } from './commands/runs.js';
import { serveCommand } from './commands/serve.js';
import { statusCommand } from './commands/status.js';
import { submitCommand } from './commands/submit.js';
import { verifyCommand } from './commands/verify.js';

const EXIT_CODES =
  'Exit codes: 0 completed · 1 the run failed · 2 bad input · 3 cluster or store unreachable · 130 interrupted';

const openLazily: NonNullable<Surroundings['openBackend']> = async (where, options) =>
  (await import('./open-backend.js')).openBackend(where, options);

/** Runs `kt` with arguments (without `node` and the script); resolves to the exit code and never rejects. */
export async function runCli(
  argv: readonly string[],
  screen: Output,
  { signals = process, openBackend = openLazily }: Surroundings = {},
): Promise<number> {
  const output = plainly(screen);
  let exitCode: number = EXIT.completed;
  const cli: Cli = {
    output,
    signals,
    exitWith: code => (exitCode = code),
    withBackend: async (where, use) => {
      await using backend = await openBackend(where, { note: text => output.err(text) });
      return await use(backend);
    },
  };
  let refusedBy = 'kt';
  const program = programOf(cli, command => (refusedBy = command));
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportError(error, output);
    if (error.exitCode === 0) return EXIT.completed;
    if (error.code === 'commander.help') return EXIT.badInput;
    const { KtError } = await import('@kube-transform/sdk');
    return reportError(new KtError(usageProblem(error, refusedBy)), output);
  }
}

function programOf(cli: Cli, onRefused: (command: string) => void): Command {
  const program = new Command('kt')
    .description('Typed batch pipelines: the same in a test, on this machine and on a cluster.')
    .version(ownVersion())
    .enablePositionalOptions()
    .addHelpText('after', `\n${EXIT_CODES}`);
  const verbs = [
    initCommand,
    importCommand,
    checkCommand,
    graphCommand,
    runCommand,
    submitCommand,
    runsCommand,
    statusCommand,
    logsCommand,
    debugCommand,
    filesCommand,
    retryCommand,
    cancelCommand,
    deployCommand,
    rollbackCommand,
    renderCommand,
    serveCommand,
    jobsCommand,
    doctorCommand,
    bundleCommand,
    configCommand,
    rbacCommand,
    gcCommand,
    verifyCommand,
    repairCommand,
    completionCommand,
  ];
  for (const verb of verbs) program.addCommand(verb(cli));
  program.addCommand(candidatesCommand(cli), { hidden: true });
  const withName = (command: Command, above: string): [Command, string][] => {
    const name = above === '' ? command.name() : `${above} ${command.name()}`;
    return [[command, name], ...command.commands.flatMap(one => withName(one, name))];
  };
  for (const [command, name] of withName(program, '')) {
    command
      .exitOverride()
      .showSuggestionAfterError(true)
      .configureOutput({
        writeOut: text => printText(cli.output, text),
        writeErr: text => printText({ out: cli.output.err }, text),
        outputError: () => onRefused(name),
        getOutHelpWidth: () => cli.output.columns,
        getErrHelpWidth: () => cli.output.columns,
      });
  }
  return program;
}
