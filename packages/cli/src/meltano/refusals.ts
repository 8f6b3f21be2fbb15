/** Says why Kubernetes would not take the CronJob of a schedule. Pure. */
import type { Problem } from '@kube-transform/sdk';
import type { CronLine } from './cron-line.js';
import type { MeltanoSchedule } from './schedules.js';

/** So long may a line be that people read: more of a value is not shown. */
const SHOWN = 80;
/** As the newest Kubernetes takes them; older ones are stricter, and say so themselves. */
const VARIABLE = /^[ -<>-~]+$/;
/**
 * Characters that do not get to a pod: programs are given text up to the first NUL, as UTF-8; of others
 * Kustomize makes an error, or of U+0085 a space.
 */
const UNSENT = /[\0\u007f-\u009f\ufffe\uffff]|\p{Cs}/u;

/** What is wrong with a schedule; null where Kubernetes takes it. */
export function refusalOf(schedule: MeltanoSchedule, { problem }: CronLine): Problem | null {
  const message =
    problem === null
      ? textProblem(schedule)
      : `Kubernetes does not take its interval "${brief(schedule.cron ?? '')}". ${problem}.`;
  if (message === null) return null;
  const hint = 'Mend it in meltano.yml; the other schedules are rendered.';
  return { code: 'SCHEDULE_REFUSED', path: schedule.name, message, hint };
}

function textProblem({ name, job, command, env }: MeltanoSchedule): string | null {
  const variable = env.find(([key]) => !VARIABLE.test(key));
  if (variable !== undefined) return `Its env has "${brief(variable[0])}", which is no name of a variable.`;
  const texts = [['name', name], ['job', job ?? ''], ['command', command.join(' ')], ...env] as const;
  for (const [where, text] of texts) {
    const code = UNSENT.exec(text)?.[0].codePointAt(0);
    if (code === undefined) continue;
    const mark = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
    return `Its ${where} holds the character ${mark}, which does not get to a pod.`;
  }
  return null;
}

const brief = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
