/*
 * The containers of a step as few pod templates: what all of them have in common is written there, what
 * differs is told to each pod. Pure.
 *
 * CT1 Containers of one group have the same image, folder and number of arguments, and set the same
 *     variables: the pods of one Job can differ in nothing but texts.
 */
import type { ContainerCall } from '../../ports/containers.js';

/** A text of a container: an argument or a variable. */
export type Place = { field: 'command' | 'args'; index: number } | { field: 'env'; name: string };

/** What the pods of one Job run. */
export interface ContainerTemplate {
  /** That of one of them: what is `varied` differs in others. */
  call: ContainerCall;
  varied: readonly Place[];
}

/** Pods that one template fits. */
export interface ContainerGroup {
  template: ContainerTemplate;
  pods: number[];
}

/** Puts containers into groups, one after the other, without keeping them. */
export class ContainerGroups {
  readonly #groups = new Map<string, { call: ContainerCall; varied: Map<string, Place>; pods: number[] }>();

  add(pod: number, call: ContainerCall): void {
    const shape = shapeOf(call);
    const group = this.#groups.get(shape);
    if (group === undefined) {
      this.#groups.set(shape, { call, varied: new Map(), pods: [pod] });
      return;
    }
    group.pods.push(pod);
    for (const place of placesOf(call))
      if (textAt(call, place) !== textAt(group.call, place)) group.varied.set(keyOf(place), place);
  }

  all(): ContainerGroup[] {
    return [...this.#groups.values()].map(({ call, varied, pods }) => ({
      template: { call, varied: [...varied.values()].sort(byKey) },
      pods,
    }));
  }
}

/** Places as an annotation holds them. */
export const writePlaces = (places: readonly Place[]): string =>
  places
    .map(place => (place.field === 'env' ? `env.${place.name}` : `${place.field}.${place.index}`))
    .join(',');

/** Reads what {@link writePlaces} wrote. */
export const readPlaces = (text = ''): Place[] =>
  text === ''
    ? []
    : text.split(',').map(place => {
        const [field = '', ...rest] = place.split('.');
        return field === 'command' || field === 'args'
          ? { field, index: Number(rest[0]) }
          : { field: 'env', name: rest.join('.') };
      });

/** The text at a place. */
export function textAt(call: ContainerCall, place: Place): string {
  if (place.field === 'env') return call.env[place.name] ?? '';
  return call[place.field]?.[place.index] ?? '';
}

const shapeOf = ({ image, command, args, env, workdir, resultFile }: ContainerCall): string =>
  [
    image,
    command?.length ?? -1,
    args.length,
    workdir ?? '',
    resultFile ?? '',
    ...Object.keys(env).sort(),
  ].join('\0');

function placesOf({ command, args, env }: ContainerCall): Place[] {
  const words = (field: 'command' | 'args', all: readonly string[]): Place[] =>
    all.map((_, index) => ({ field, index }));
  return [
    ...words('command', command ?? []),
    ...words('args', args),
    ...Object.keys(env).map((name): Place => ({ field: 'env', name })),
  ];
}

const keyOf = (place: Place): string =>
  place.field === 'env' ? `env ${place.name}` : `${place.field} ${String(place.index).padStart(6, '0')}`;
const byKey = (a: Place, b: Place): number => (keyOf(a) < keyOf(b) ? -1 : 1);
