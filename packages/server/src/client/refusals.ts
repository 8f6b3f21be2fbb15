/** What a client says where a server refuses, is away, or is none. */
import { KtError, type Problem } from '@kube-transform/sdk';
import { fits, list, optional, record, text, tryJson } from '@kube-transform/runtime/internal';

const SHOWN = 120;
const TOKEN = 'Is it the right one? kt takes it from KT_SERVER_TOKEN, a program gives it as "token".';

const PROBLEM = record<Problem>({ code: text, message: text, path: text, hint: optional(text) });
const REFUSAL = record<{ error: string; code: string; hint?: string; problems?: Problem[] }>({
  error: text,
  code: text,
  hint: optional(text),
  problems: optional(list(PROBLEM)),
});

/** What a server said of an error; undefined where it said nothing that is known. */
export function refusedWith(value: unknown): KtError | undefined {
  const said = fits(REFUSAL, value);
  if (said === undefined) return undefined;
  const { error: message, code, hint, problems = [] } = said;
  const [first] = problems;
  if (first !== undefined) return new KtError([first, ...problems.slice(1)]);
  return new KtError({ code, path: '', message, ...(hint === undefined ? {} : { hint }) });
}

/** An answer that is no success, as an error. */
export function refusedBy(url: string, { status, headers }: Response, body: string): KtError {
  const said = refusedWith(tryJson(body));
  if (said?.code === 'NO_TOKEN')
    return new KtError(said.problems.map(problem => ({ ...problem, hint: TOKEN })));
  if (said !== undefined) return said;
  const to = headers.get('location');
  const isElsewhere = status >= 300 && status < 400 && to !== null;
  const seen = body.trim() === '' ? 'nothing' : JSON.stringify(body.trim().slice(0, SHOWN));
  return new KtError({
    code: status >= 500 ? AWAY : 'NO_JOB_SERVER',
    path: url,
    message: isElsewhere
      ? `${url} sends on to ${JSON.stringify(to.slice(0, SHOWN))}, where no token is taken.`
      : `${url} answers with status ${status}, and ${seen} where a job server says what is wrong.`,
    hint: isElsewhere ? 'Give that URL.' : 'Is it the URL of kt serve, of this version?',
  });
}

/** The code of {@link isAway}. */
const AWAY = 'SERVER_UNREACHABLE';

/** A server that does not answer. */
export const away = (url: string, why: string, cause?: unknown): KtError =>
  new KtError(
    {
      code: AWAY,
      path: url,
      message: `The job server cannot be reached: ${why}.`,
      hint: 'Does it run, and is it the right URL?',
    },
    { cause },
  );

/** An answer that is something else than was asked for. */
export const misread = (url: string, what: string): KtError =>
  new KtError({
    code: 'BAD_ANSWER',
    path: url,
    message: `The job server answers with something that cannot be read: ${what}.`,
    hint: 'Is it of the same version?',
  });

/** Whether an error says that a server is away for now. */
export const isAway = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === AWAY;
