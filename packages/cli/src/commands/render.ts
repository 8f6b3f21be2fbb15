/** The command `kt render`. */
import { Command } from 'commander';
import type { Cli } from './command-context.js';
import { EXIT } from '../terminal/exit.js';
import type { RenderOptions } from '../render/render.js';
import { withPodOptions } from './cluster-options.js';
import { renderMeltanoCommand } from './render-meltano.js';
import { renderServerCommand } from './render-server.js';

/** `kt render`: what `kt deploy` would apply, as YAML. */
export function renderCommand(cli: Cli): Command {
  const command = new Command('render')
    // What follows `meltano` and `server` is theirs.
    .enablePositionalOptions()
    .addCommand(renderMeltanoCommand(cli))
    .addCommand(renderServerCommand(cli))
    .summary(
      'print what kt deploy would apply, or write it as a Kustomize base with an overlay for each context',
    )
    .description(
      'Renders the objects of kt deploy without asking a cluster. With --out: base/ is written anew each time, overlays/CONTEXT is made once and\nnever changed. The same source gives the same bytes.',
    )
    .argument('[pipelines...]', 'names in pipelines/, file.ts or file.ts#name (default: all in pipelines/)')
    .option('--out <dir>', 'write files for Kustomize')
    .option('--check', 'with --out: fail where the files are not as they would be rendered', false);
  return withPodOptions(command).action(async (names: string[], options: RenderOptions) => {
    const { render } = await import('../render/render.js');
    if (!(await render(names, options, cli.output))) cli.exitWith(EXIT.failed);
  });
}
