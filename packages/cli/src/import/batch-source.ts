/** Reads job definitions of AWS Batch, as `aws batch` prints and takes them. Pure. */
import {
  broken,
  number,
  object,
  optional,
  orElse,
  type Origin,
  parseAs,
  parseJson,
  record,
  text,
} from '@kube-transform/runtime/internal';
import { type JsonObject, KtError, type Problem } from '@kube-transform/sdk';
import { BATCH_DEFINITION, type BatchDefinition } from './batch-shape.js';

const HINT =
  'Give what aws batch describe-job-definitions prints, or what register-job-definition --cli-input-json takes.';

const head = record<{ jobDefinitionName: string; type?: string; revision: number; status: string }>({
  jobDefinitionName: text,
  type: optional(text),
  revision: orElse(number, 0),
  status: orElse(text, 'ACTIVE'),
});
/** Definitions, each once, in the order of the text; and what of it was passed over, in sentences. */
export interface BatchSource {
  definitions: BatchDefinition[];
  passed: string[];
}

/**
 * The definitions of a text: of each name the newest revision that is active. `names`: which; empty for all.
 *
 * @throws KtError `BAD_BATCH` for a text that is something else, `BATCH_REFUSED` with all definitions that no
 * Job of one container can stand for
 */
export function readBatch(
  given: string,
  { file, names }: { file: string; names: readonly string[] },
): BatchSource {
  const origin: Origin = { file, name: 'job definition', code: 'BAD_BATCH', hint: HINT };
  const found = entriesOf(withoutNulls(parseJson(given, origin)), origin);
  const newest = new Map<string, Entry>();
  const passed: string[] = [];
  for (const entry of found) {
    const { jobDefinitionName: name, revision, status } = entry;
    if (names.length > 0 && !names.includes(name)) continue;
    const other = newest.get(name);
    if (status !== 'ACTIVE') passed.push(`${name}:${revision} is ${status}`);
    else if (other === undefined) newest.set(name, entry);
    else {
      const [old, kept] = other.revision > revision ? [entry, other] : [other, entry];
      newest.set(name, kept);
      passed.push(`${name}:${old.revision} is older than ${name}:${kept.revision}`);
    }
  }
  const missing = names.filter(name => !found.some(entry => entry.jobDefinitionName === name));
  if (missing.length > 0) throw broken(origin, `there is no definition "${missing.join('", "')}" in it`);
  if (newest.size === 0)
    throw broken(origin, `it has no active definition (${passed.join('; ') || 'none at all'})`);
  const problems = [...newest.values()].flatMap(entry => refusalOf(entry, file));
  if (problems.length > 0) throw new KtError(problems);
  const definitions = [...newest.values()].map(({ raw, path }) => ({
    ...parseAs(BATCH_DEFINITION, raw, { ...origin, file: `${file} ${path}`.trim() }),
    raw,
  }));
  return { definitions, passed };
}

/** A definition as it stands, with its place. */
type Entry = ReturnType<typeof head> & { raw: JsonObject; path: string };

/** The definitions of a text. */
function entriesOf(given: unknown, origin: Origin): Entry[] {
  const outer = typeof given === 'object' && given !== null && 'jobDefinitions' in given;
  const listed: unknown = outer ? given.jobDefinitions : given;
  const [all, before] = Array.isArray(listed)
    ? [listed as unknown[], outer ? 'jobDefinitions' : '']
    : [[listed], ''];
  return all.map((one, i) => {
    const path = Array.isArray(listed) ? `${before}[${i}]` : '';
    const place = { ...origin, file: `${origin.file} ${path}`.trim() };
    const raw = parseAs(object, one, place);
    const spelt = ['Resources', 'JobDefinitionName', 'job_definition_name', 'container_properties'].find(
      key => key in raw,
    );
    if (spelt !== undefined && !('jobDefinitionName' in raw))
      throw broken(place, `it has "${spelt}", as CloudFormation, CDK or Terraform write it`);
    return { ...parseAs(head, raw, place), raw, path };
  });
}

/** What no Job of one container can stand for. */
function refusalOf({ jobDefinitionName: name, raw, path: at }: Entry, file: string): Problem[] {
  const path = `${file} ${at}`.trim();
  const refuse = (why: string, hint: string): Problem[] => [
    { code: 'BATCH_REFUSED', path, message: `"${name}" ${why}.`, hint },
  ];
  if (raw['type'] === 'multinode' || 'nodeProperties' in raw)
    return refuse(
      'is a multi-node parallel job, whose nodes find each other: no Job of one container stands for it',
      'Write an Indexed Job with a headless Service by hand, or name the other definitions: kt import batch FILE NAME.',
    );
  if ('eksProperties' in raw)
    return refuse(
      'has eksProperties, which are a pod of Kubernetes already',
      'Put podProperties into spec.template.spec of a Job, as a template; or name the other definitions.',
    );
  if ('ecsProperties' in raw)
    return refuse(
      'has ecsProperties, tasks of several containers',
      'Write a template whose Job has these containers; or name the other definitions.',
    );
  if ('containerProperties' in raw) return [];
  return refuse('has no containerProperties', HINT);
}

/** A value without members that are null, as skeletons of the AWS command line have them. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter(one => one !== null).map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([key, member]) => [key, withoutNulls(member)]));
}
