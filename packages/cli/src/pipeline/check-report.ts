/** Writes what `kt check` found in a file. */
import type { CheckedFile, CheckedPipeline, OfferedFunction } from './check-files.js';
import { coloured } from '../terminal/output.js';

const SHOWN_ENTRIES = 40;

/** What a checked file holds, for people. */
export function checkLines({ file, pipelines, functions, problems }: CheckedFile): string[] {
  const mark = problems.length === 0 ? coloured('Completed', '✓') : coloured('Failed', '✗');
  return [
    `${mark} ${file}`,
    ...pipelines.flatMap(pipelineLines),
    ...section('functions', functions.map(functionText)),
  ];
}

function pipelineLines({ name, jobs, params }: CheckedPipeline): string[] {
  const texts = jobs.map(
    job =>
      `${job.name} (${job.type})${job.dependencies.length > 0 ? ` after ${job.dependencies.join(', ')}` : ''}`,
  );
  return [
    `  pipeline "${name}"`,
    ...section('steps', texts),
    ...section(
      'params',
      params.map(({ flag, note }) => `${flag}${note === '' ? '' : `  ${note}`}`),
    ),
  ];
}

const functionText = ({ name, kind, checked }: OfferedFunction): string =>
  `${name} (${kind}${checked ? ', checked input' : ''})`;

function section(title: string, texts: readonly string[]): string[] {
  if (texts.length === 0) return [];
  const more = texts.length > SHOWN_ENTRIES ? [`      … and ${texts.length - SHOWN_ENTRIES} more`] : [];
  return [`    ${title}:`, ...texts.slice(0, SHOWN_ENTRIES).map(text => `      ${text}`), ...more];
}
