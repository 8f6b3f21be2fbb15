/*
 * Jobs that a server makes and looks after.
 *
 * MJ1 Everything is bound to the signature: a Job of somebody else is not listed, read, deleted or repeated,
 *    and is answered as one that is not there.
 * MJ2 The state is the Jobs alone: any number of processes may do this for one signature at once.
 */
import { isKtError, KtError } from '@kube-transform/sdk';
import {
  isKubeError,
  type KubeApi,
  KubeApi as Api,
  type KubeConnection,
  type ListOptions,
  paths,
} from '@kube-transform/runtime/kubernetes';
import { systemClock } from '@kube-transform/runtime/internal';
import type { Clock } from '@kube-transform/runtime';
import type { DefinitionSource } from '../definitions/definitions.js';
import { argumentsOf, TemplateArguments } from '../jinja/arguments.js';
import { jsonText } from '../jinja/values.js';
import { asArray, itemsIn, MAX_ITEMS } from './array-jobs.js';
import { checkJob, type JobLimits } from './check-job.js';
import { asWaiting, dependencyNames } from './dependencies.js';
import { type JobLogs, type LogOptions, logsOf } from './job-logs.js';
import { baseOf, hexOf, isJobName, newName, randomHex, selectorOf } from './job-names.js';
import { type JobObject, type JobWord, MARK, TOLD, wordFor } from './job-object.js';
import { type GivenArguments, JobTemplates } from './job-templates.js';
import { openOf } from './named-jobs.js';
import type { JobPlace } from './queues.js';
import { withoutTraces } from './repeated-job.js';

/** What is done to a Job before it is made; may change it, and may throw: then nothing is made. */
export type PreCreate = (job: JobObject) => void | Promise<void>;

/** What a manager is made of. */
export interface JobManagerOptions {
  /** Reaches the cluster; its namespace is where Jobs are. */
  api: KubeApi;
  /** Whose Jobs these are: the value of a label. */
  signature: string;
  definitions: DefinitionSource;
  /** What Jobs may be, beside the namespace. */
  limits?: Omit<JobLimits, 'namespace'>;
  preCreate?: PreCreate;
  /** The end of each Job is told to somebody; what has not been told is kept. Default false. */
  tellsEnds?: boolean;
  clock?: Pick<Clock, 'nowMs'>;
}

/** How one Job is made. */
export interface CreateOptions extends JobPlace {
  /** The same Job for the same key: a request that is sent again makes no second one. */
  idempotencyKey?: string | undefined;
  /** Makes an Indexed Job with so many items. */
  arraySize?: number | undefined;
  /** Jobs that have to complete before it begins; it fails where one of them fails or is deleted. */
  dependsOn?: readonly string[] | undefined;
  preCreate?: PreCreate | undefined;
}

/** So often a Job is made anew whose name was free again at once. */
const MAKES = 3;

/** Makes Jobs from templates, and lists, reads, repeats and deletes them. */
export class JobManager {
  readonly signature: string;
  readonly api: KubeApi;
  readonly definitions: DefinitionSource;
  readonly #limits: JobLimits;
  readonly #preCreate: PreCreate | undefined;
  readonly #templates: JobTemplates;
  readonly #tellsEnds: boolean;
  readonly #clock: Pick<Clock, 'nowMs'>;

  constructor({ api, signature, definitions, limits = {}, preCreate, ...more }: JobManagerOptions) {
    selectorOf({ [MARK.signature]: signature });
    this.api = api;
    this.signature = signature;
    this.definitions = definitions;
    this.#limits = { ...limits, namespace: api.namespace };
    this.#templates = new JobTemplates({ definitions, signature, limits: this.#limits });
    this.#preCreate = preCreate;
    this.#tellsEnds = more.tellsEnds ?? false;
    this.#clock = more.clock ?? systemClock;
  }

  /** Makes a Job of a definition; its name. @throws KtError, KubeError */
  async create(definition: string, args: GivenArguments, options: CreateOptions = {}): Promise<string> {
    const keyed = options.idempotencyKey === undefined ? undefined : this.#keyed(definition, args, options);
    try {
      const job = await this.#asked(definition, args, options);
      if (keyed !== undefined) {
        job.metadata.name = keyed.name;
        job.metadata.annotations = { ...job.metadata.annotations, [MARK.request]: keyed.request };
      }
      const names = dependencyNames(options.dependsOn ?? []);
      if (names.length > 0) asWaiting(job, names, await openOf(this, names, this.#clock.nowMs()));
      return await this.#make(job, options.preCreate);
    } catch (error) {
      // The same request may have made it before its definition, or what it waits for, had changed or gone.
      if (keyed !== undefined && !isKubeError(error) && (await this.#isMade(keyed))) return keyed.name;
      throw error;
    }
  }

  /** The Job that a definition and its arguments give, without making it. @throws KtError, KubeError */
  async render(definition: string, args: GivenArguments, place?: JobPlace): Promise<JobObject> {
    return await this.#templates.render(definition, args, place);
  }

  /** The Jobs there are, of one definition or with labels, by name. @throws KtError `BAD_LABEL`, KubeError */
  async list({
    definition,
    labels = {},
    ...paging
  }: {
    definition?: string | undefined;
    labels?: Readonly<Record<string, string>>;
  } & Pick<ListOptions, 'pageSize' | 'betweenPages'> = {}): Promise<JobObject[]> {
    const { [MARK.signature]: _, ...others } = labels;
    const asked = { ...others, ...(definition === undefined ? {} : { [MARK.definition]: definition }) };
    const labelSelector = selectorOf({ [MARK.signature]: this.signature, ...asked });
    const path = paths.jobs(this.api.namespace);
    const { items } = await this.api.list<JobObject>(path, { labelSelector, ...paging });
    return items;
  }

  /** A Job. @throws KtError `UNKNOWN_JOB`, KubeError */
  async get(name: string): Promise<JobObject> {
    const job = isJobName(name)
      ? await this.api.get<JobObject>(`${paths.jobs(this.api.namespace, name)}/status`)
      : null;
    if (job?.metadata.labels?.[MARK.signature] === this.signature) return job;
    throw new KtError({
      code: 'UNKNOWN_JOB',
      path: '',
      message: `There is no job ${JSON.stringify(name.slice(0, 100))} of this server.`,
    });
  }

  /** How a Job stands, in a word. @throws KtError `UNKNOWN_JOB`, KubeError */
  async status(name: string): Promise<JobWord> {
    return wordFor(await this.get(name));
  }

  /** The last lines of a Job's pods. @throws KtError `UNKNOWN_JOB`, KubeError */
  async logs(name: string, options?: LogOptions): Promise<JobLogs> {
    await this.get(name);
    return await logsOf(this.api, name, options);
  }

  /** Deletes a Job and its pods, also one that runs. @throws KtError `UNKNOWN_JOB`, KubeError */
  async delete(name: string): Promise<void> {
    await this.get(name);
    await this.api.delete(paths.jobs(this.api.namespace, name), {
      query: { propagationPolicy: 'Foreground' },
    });
  }

  /** Makes a finished Job once more; the new name. @throws KtError `UNKNOWN_JOB`, `JOB_RUNS`, KubeError */
  async retry(name: string): Promise<string> {
    const old = await this.get(name);
    if (wordFor(old) === 'Running')
      throw new KtError({
        code: 'JOB_RUNS',
        path: '',
        message: `The job "${name}" runs: it can be made once more when it has ended.`,
      });
    const job = checkJob(withoutTraces(old), this.#limits);
    job.metadata.name = newName(baseOf(name), randomHex(), itemsIn(job));
    job.metadata.annotations = { ...job.metadata.annotations, [MARK.retryOf]: name };
    return await this.#make(job);
  }

  /** The Job of a request, with a name by chance. */
  async #asked(definition: string, args: GivenArguments, options: CreateOptions): Promise<JobObject> {
    const { arraySize, queue, priority } = options;
    const job = await this.render(definition, args, { queue, priority });
    if (arraySize !== undefined) asArray(job, arraySize);
    job.metadata.name = newName(job.metadata.name, randomHex(), itemsIn(job));
    return job;
  }

  /** The name that all requests of a key give, and what tells one from another that has the same. */
  #keyed(
    definition: string,
    args: GivenArguments,
    { idempotencyKey = '', arraySize, dependsOn = [], queue, priority }: CreateOptions,
  ): { name: string; request: string } {
    const base = definition
      .toLowerCase()
      .replaceAll(/[^a-z0-9]/g, '-')
      .replace(/^-/, 'x');
    const { values } = args instanceof TemplateArguments ? args : argumentsOf(args);
    const names = dependencyNames(dependsOn);
    const said = [jsonText(values), String(arraySize)];
    if (names.length > 0 || queue !== undefined || priority !== undefined)
      said.push(names.join(','), queue ?? '', priority ?? '');
    // Whatever the request says of items, which another with the key may say otherwise.
    const name = newName(base, hexOf([this.signature, definition, idempotencyKey]), MAX_ITEMS);
    return { name, request: hexOf(said) };
  }

  /** Whether the same request has made a Job. */
  async #isMade({ name, request }: { name: string; request: string }): Promise<boolean> {
    const there = await this.get(name).catch(() => null);
    return there?.metadata.annotations?.[MARK.request] === request;
  }

  async #make(job: JobObject, preCreate = this.#preCreate): Promise<string> {
    if (this.#tellsEnds) {
      job.metadata.labels = { ...job.metadata.labels, [MARK.followed]: 'true' };
      job.metadata.annotations = { ...job.metadata.annotations, [MARK.told]: TOLD.due };
    }
    await preCreate?.(job);
    const { name, annotations } = job.metadata;
    let there: JobObject | null = null;
    for (let attempt = 0; there === null && attempt < MAKES; attempt++) {
      const made = await this.api.create(paths.jobs(this.api.namespace), job, { isBrief: true });
      if (made !== null) return name;
      // One of that name exists: an attempt of this call made it, whose answer was lost, or the same request.
      there = await this.get(name).catch(orGone);
    }
    there ??= await this.get(name);
    if (there.metadata.annotations?.[MARK.request] === annotations?.[MARK.request]) return name;
    throw new KtError({
      code: 'KEY_IN_USE',
      path: 'Idempotency-Key',
      message: `The key was used for the job "${name}", with other arguments.`,
      hint: 'Use a new key for each job, and the same one only to send the same request again.',
    });
  }
}

/** A Job may be deleted between the moments in which it is met and read. */
function orGone(error: unknown): null {
  if (isKtError(error) && error.code === 'UNKNOWN_JOB') return null;
  throw error;
}

/** A client of a cluster as managers use it: an answer is waited for as long as a request may take. */
export const jobApi = (connection: KubeConnection, namespace?: string): KubeApi =>
  new Api(
    { ...connection, namespace: namespace ?? connection.namespace, token: again => connection.token(again) },
    { clock: systemClock, retryForMs: 10_000, timeoutMs: 20_000 },
  );
