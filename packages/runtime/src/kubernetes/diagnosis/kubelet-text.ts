/** Texts of a container as kubelet reads them: `$(NAME)` is a variable, `$$` a dollar. Pure. */

/** What texts are read with. */
export interface TextScope {
  env: readonly { name: string; value?: string; valueFrom?: { fieldRef?: { fieldPath?: string } } }[];
  annotations?: Record<string, string>;
  labels?: Record<string, string>;
}

const FIELD = /^metadata\.(annotations|labels)\['(.*)'\]$/;

/** A text as the container is given it; variables that only the cluster knows stay as they are written. */
export function expanded(text: string, scope: TextScope): string {
  const known = new Map<string, string>();
  const expand = (from: string): string =>
    from.replaceAll(/\$(?:\$|\(([^)]*)\))/g, (all, name: string | undefined) =>
      name === undefined ? '$' : (known.get(name) ?? all),
    );
  for (const { name, value, valueFrom } of scope.env) {
    const [, kind, key = ''] = FIELD.exec(valueFrom?.fieldRef?.fieldPath ?? '') ?? [];
    const told = kind === 'labels' ? scope.labels?.[key] : scope.annotations?.[key];
    if (kind !== undefined) known.set(name, told ?? '');
    else if (valueFrom === undefined) known.set(name, expand(value ?? ''));
  }
  return expand(text);
}

/** A text that kubelet is to leave alone. */
export const literal = (text: string): string => text.replaceAll('$', '$$$$');

/** A text as one word of any shell of POSIX. */
export const posixWord = (text: string): string =>
  /^[\w./@%+:,-][\w./@%+:,=-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
