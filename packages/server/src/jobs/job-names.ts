/** Names of Jobs, and what may be asked for by a name. Pure. */
import { createHash, randomBytes } from 'node:crypto';
import { KtError } from '@kube-transform/sdk';

const PREFIX = 38;
const HEX = 24;
const MAX_NAME = 63;
const NAME = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/;
const LABEL_KEY =
  /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;

/** 24 hexadecimal digits by chance. */
export const randomHex = (): string => randomBytes(HEX / 2).toString('hex');
/** 24 hexadecimal digits that are the same for the same texts. */
export const hexOf = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, HEX);

/**
 * The name of a new Job: the first 38 characters of what the template says, `-`, and 24 hexadecimal digits.
 * `items`: room is left for the index of a pod. @throws KtError `BAD_JOB_NAME`
 */
export function newName(base: string, hex: string, items?: number): string {
  const room =
    items === undefined ? PREFIX : Math.min(PREFIX, MAX_NAME - HEX - 1 - (1 + String(items - 1).length));
  const name = `${base.slice(0, room)}-${hex}`;
  if (NAME.test(name) && !/\.[.-]|-\./.test(name)) return name;
  throw new KtError({
    code: 'BAD_JOB_NAME',
    path: 'metadata.name',
    message: `${JSON.stringify(base.slice(0, 100))} cannot be the name of a Job: names have small letters, digits and "-".`,
  });
}

/** What a name begins with, before its digits. */
export const baseOf = (name: string): string => name.replace(/-[0-9a-f]{24}$/, '');

/** Whether a Job can have such a name; with others the API is not even asked. */
export const isJobName = (name: string): boolean =>
  name.length <= 253 && NAME.test(name) && !name.includes('..');

/** A selector of labels that all must hold. @throws KtError `BAD_LABEL` */
export function selectorOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => {
      if (LABEL_KEY.test(key) && LABEL_VALUE.test(value)) return `${key}=${value}`;
      const message = `${JSON.stringify(`${key}=${value}`.slice(0, 200))} is no label of Kubernetes.`;
      throw new KtError({ code: 'BAD_LABEL', path: '', message });
    })
    .join(',');
}
