/** What the parser of arguments objects to, in the words of every other problem. */
import type { CommanderError } from 'commander';
import type { Problem } from '@kube-transform/sdk';

/** A problem from one of commander's errors; `command` is the command that refused. */
export function usageProblem(error: Pick<CommanderError, 'code' | 'message'>, command: string): Problem {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest
    .join(' ')
    .trim()
    .replace(/^\((.*)\)$/, '$1')
    .replace(/Did you mean (one of )?(.*)\?/, 'Did you mean $1"$2"?');
  const sentence = first.replaceAll(/(^|\s)'([^']*)'/g, '$1"$2"').trim();
  const message = `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`;
  return {
    code: error.code
      .replace(/^commander\./, '')
      .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
      .toUpperCase(),
    path: command,
    message: /[.!?]$/.test(message) ? message : `${message}.`,
    hint: `${suggestion === '' ? '' : `${suggestion} `}See ${command} --help.`,
  };
}
