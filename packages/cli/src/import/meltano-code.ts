/** Schedules of Meltano as a file of TypeScript: each is a pipeline of one container. Pure. */
import { cronLine } from '../meltano/cron-line.js';
import type { MeltanoSchedule } from '../meltano/schedules.js';
import { Code, importCode, literal, Names, pipelineCode, stepLines, type Value } from './source-text.js';

/** The code of schedules; those that never come by themselves are pipelines without one. */
export function meltanoCode(schedules: readonly MeltanoSchedule[], image: string): string {
  const names = new Names();
  const pipelines = schedules.map(({ name, cron, env, command }) => {
    const { line } = cronLine(cron);
    const variables: { [key: string]: Value } = {};
    for (const [key, value] of env)
      Object.defineProperty(variables, key, { value, enumerable: true, configurable: true });
    const run = { image: new Code('image'), command, ...(env.length === 0 ? {} : { env: variables }) };
    const container = { method: 'container', name: 'meltano', given: [run], options: {} };
    const steps = [(indent: number) => stepLines(container, indent)];
    if (line !== null) steps.push(() => `.schedule(${literal(line)})`);
    return `export const ${names.of(name)} = ${pipelineCode(name, steps)};\n`;
  });
  return [
    '/** Imported by kt import meltano: a pipeline for each schedule. */\n' +
      importCode(['pipeline'], '@kube-transform/sdk'),
    `/** Has the Meltano project. */\nconst image = ${literal(image)};\n`,
    ...pipelines,
  ].join('\n');
}
