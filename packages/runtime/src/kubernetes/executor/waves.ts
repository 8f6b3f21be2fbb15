/*
 * The Jobs of one step: a first wave for all its pods, and further ones for pods that ended without having
 * done their items. Pure.
 *
 * V1 A pod is in at most one live wave: one whose Job has neither ended nor vanished, and in which its index
 *    has not ended.
 * V2 What a wave runs is written on its Job; nothing about waves is kept anywhere else.
 */
import { formatRanges, nthOfRanges, parseRanges } from '../manifests/index-ranges.js';
import { ANNOTATION, LABEL } from '../manifests/names.js';
import { isTerminalJob, type Job } from '../api/objects.js';

/** One Job of a step. */
export interface Wave {
  name: string;
  number: number;
  /** Pods as ranges; index i runs the i-th. */
  pods: string;
  memory: string;
  /** As it was last seen. */
  seen: Job;
  /** It no longer exists. */
  gone: boolean;
  /** Indexes whose end has been dealt with. */
  handled: Set<number>;
  /** Succeeded pods whose objects were deleted. */
  reaped: number;
  deleted: boolean;
}

/**
 * Most pods of one Job: the limit of Kubernetes with `backoffLimitPerIndex`, and of one environment variable.
 */
const MAX_PODS = 100_000;
const MAX_TEXT = 100_000;

/** A wave from its Job. */
export function waveOf(job: Job): Wave {
  const { annotations = {}, labels = {}, name } = job.metadata;
  return {
    name,
    number: Number(labels[LABEL.wave] ?? 1),
    pods: annotations[ANNOTATION.pods] ?? '',
    memory: annotations[ANNOTATION.memory] ?? '1Gi',
    seen: job,
    gone: false,
    handled: new Set(),
    reaped: 0,
    deleted: false,
  };
}

export const isLive = (wave: Wave): boolean => !wave.gone && !wave.deleted && !isTerminalJob(wave.seen);

/**
 * Indexes that ended in failure and have not been dealt with; of a Job that has ended or vanished, all that
 * are left.
 */
export function failedIndexes(wave: Wave): number[] {
  return parseRanges(wave.seen.status?.failedIndexes).filter(index => !wave.handled.has(index));
}

/** Pods that a live wave is still to run. */
export function coveredPods(wave: Wave): Set<number> {
  if (!isLive(wave)) return new Set();
  const { completedIndexes, failedIndexes: failed } = wave.seen.status ?? {};
  const pods = parseRanges(wave.pods);
  const ended = new Set([...parseRanges(completedIndexes), ...parseRanges(failed)]);
  return new Set(pods.filter((_, index) => !ended.has(index)));
}

export const podAt = (wave: Wave, index: number): number | undefined => nthOfRanges(wave.pods, index);

/** Pods divided into what one Job can hold, as ranges. */
export function shardsOf(pods: readonly number[], limit = MAX_PODS): { pods: string; count: number }[] {
  const shards: { pods: string; count: number }[] = [];
  for (let from = 0; from < pods.length;) {
    let size = Math.min(limit, pods.length - from);
    let text = formatRanges(pods.slice(from, from + size));
    while (text.length > MAX_TEXT) text = formatRanges(pods.slice(from, from + (size = Math.ceil(size / 2))));
    shards.push({ pods: text, count: size });
    from += size;
  }
  return shards;
}

/**
 * How many pods each wave may run at once, given how many it wants: in turn, up to `maxPods` in all, at least
 * one each.
 */
export function shares(wants: readonly number[], maxPods: number): number[] {
  const shares = wants.map(() => 0);
  let left = maxPods;
  let open = wants.length;
  for (const i of [...wants.keys()].sort((a, b) => (wants[a] ?? 0) - (wants[b] ?? 0))) {
    const share = Math.max(1, Math.min(wants[i] ?? 0, Math.floor(left / open)));
    shares[i] = share;
    left -= share;
    open--;
  }
  return shares;
}
