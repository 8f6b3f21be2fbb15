/** The text of a template, with a token for each value that is printed. */
import { evaluate, filtered, givenTo, type Surroundings } from './evaluate.js';
import type { Assignment, CallBlock, For, Macro, Node } from './nodes.js';
import { Scope } from './scope.js';
import { TemplateError } from './template-error.js';
import {
  Callable,
  type Given,
  isTrue,
  itemsOf,
  Missing,
  Nothing,
  Namespace,
  plain,
  textOf,
  type Value,
  Written,
} from './values.js';

/** Ends an iteration, or a loop, from within; with what was written until then. */
class LoopEnd extends Error {
  readonly type: 'Break' | 'Continue';
  written = '';

  constructor(type: 'Break' | 'Continue') {
    super(`The template has "${type.toLowerCase()}" outside of a loop.`);
    this.type = type;
  }
}

/** Renders statements. @throws TemplateError */
export function renderText(body: readonly Node[], around: Surroundings): string {
  let text = '';
  for (const node of body) {
    try {
      text = around.budget.text(text + render(node, around));
    } catch (error) {
      if (error instanceof LoopEnd) error.written = text + error.written;
      throw error;
    }
  }
  return text;
}

function render(node: Node, around: Surroundings): string {
  const { scope, tokens, budget } = around;
  budget.step();
  // eslint-disable-next-line @typescript-eslint/switch-exhaustiveness-check -- the others are values, printed
  switch (node.type) {
    case 'Comment':
      return '';
    case 'If':
      return renderText(isTrue(evaluate(node.test, around)) ? node.body : node.alternate, around);
    case 'For':
      return loop(node, around);
    case 'Set':
      assign(node, around);
      return '';
    case 'Macro':
      scope.set(node.name.value, macro(node, around));
      return '';
    case 'CallStatement':
      return tokens.print(callBlock(node, around));
    case 'FilterStatement':
      return tokens.print(filtered(captured(node.body, around), node.filter, around));
    case 'Break':
    case 'Continue':
      throw new LoopEnd(node.type);
    default: {
      const value = evaluate(node, around);
      return value instanceof Nothing ? '' : tokens.print(value);
    }
  }
}

/** What statements write, as a value: its text is the real one. */
function captured(body: readonly Node[], around: Surroundings): Written {
  const raw = renderText(body, around);
  return new Written(around.budget.text(around.tokens.filled(raw)), { raw });
}

function assign({ assignee, value: node, body }: Assignment, around: Surroundings): void {
  const value = node === null ? captured(body, around) : evaluate(node, around);
  if (assignee.type === 'MemberExpression') {
    const space = evaluate(assignee.object, around);
    if (!(space instanceof Namespace) || assignee.property.type !== 'Identifier')
      throw new TemplateError('The template sets a member of what is no namespace().');
    space.set(assignee.property.value, value);
  } else for (const [name, one] of unpacked(assignee, value)) around.scope.set(name, one);
}

/** Names and what each gets. */
function unpacked(target: Node, value: Value): [string, Value][] {
  if (target.type === 'Identifier') return [[target.value, value]];
  if (target.type !== 'TupleLiteral') throw new TemplateError('The template sets what is no name.');
  const items = itemsOf(value, 'unpacks');
  if (items.length !== target.value.length)
    throw new TemplateError(`The template unpacks ${items.length} values into ${target.value.length} names.`);
  return target.value.flatMap((one, i) => unpacked(one, items[i] ?? null));
}

function loop({ loopvar, iterable, body, defaultBlock }: For, around: Surroundings): string {
  const [from, test] = iterable.type === 'SelectExpression' ? [iterable.lhs, iterable.test] : [iterable];
  const within = (names: [string, Value][]): Surroundings => ({
    ...around,
    scope: new Scope(names, around.scope),
  });
  const all = itemsOf(evaluate(from, around), 'loops over');
  const items =
    test === undefined ? all : all.filter(item => isTrue(evaluate(test, within(unpacked(loopvar, item)))));
  if (items.length === 0) return renderText(defaultBlock, around);
  let text = '';
  for (const [i, item] of items.entries()) {
    around.budget.step();
    const state = loopState(items, i);
    try {
      text = around.budget.text(
        text + renderText(body, within([['loop', state], ...unpacked(loopvar, item)])),
      );
    } catch (error) {
      if (!(error instanceof LoopEnd)) throw error;
      text += error.written;
      if (error.type === 'Break') break;
    }
  }
  return text;
}

function loopState(items: readonly Value[], i: number): Value {
  const { length } = items;
  const cycle = new Callable(({ positional }) => positional[i % Math.max(1, positional.length)] ?? null);
  const state: [string, Value][] = [
    ['index', i + 1],
    ['index0', i],
    ['revindex', length - i],
    ['revindex0', length - i - 1],
    ['first', i === 0],
    ['last', i === length - 1],
    ['length', length],
    ['previtem', items[i - 1] ?? new Missing('the item before the first')],
    ['nextitem', items[i + 1] ?? new Missing('the item after the last')],
    ['cycle', cycle],
  ];
  return new Map(state);
}

const MAX_DEPTH = 50;

function macro(
  { name, args, body }: Pick<Macro, 'args' | 'body'> & { name: { value: string } },
  around: Surroundings,
): Callable {
  let depth = 0;
  return new Callable(call => {
    if (++depth > MAX_DEPTH) throw new TemplateError(`The macro "${name.value}" calls itself too often.`);
    try {
      return captured(body, { ...around, scope: new Scope(bound(args, call, around), around.scope) });
    } finally {
      depth--;
    }
  });
}

/** The parameters of a macro and what each gets. */
function bound(
  parameters: readonly Node[],
  { positional, named }: Given,
  around: Surroundings,
): [string, Value][] {
  const names: [string, Value][] = [
    ['varargs', positional.slice(parameters.length)],
    ['kwargs', new Map(named)],
  ];
  const caller = named.get('caller');
  if (caller !== undefined) names.push(['caller', caller]);
  parameters.forEach((parameter, i) => {
    const [key, fallback] =
      parameter.type === 'KeywordArgumentExpression'
        ? [parameter.key.value, parameter.value]
        : [parameter.type === 'Identifier' ? parameter.value : ''];
    const value = positional[i] ?? named.get(key);
    const otherwise = (): Value =>
      fallback === undefined ? new Missing(`the argument "${key}" of a macro`) : evaluate(fallback, around);
    names.push([key, value === undefined && !(i in positional) ? otherwise() : (value ?? null)]);
  });
  return names;
}

function callBlock({ call, callerArgs, body }: CallBlock, around: Surroundings): Value {
  const callee = plain(evaluate(call.callee, around));
  if (!(callee instanceof Callable))
    throw new TemplateError('The template calls a block with what is no macro.');
  const args = givenTo(call, around);
  args.named.set('caller', macro({ name: { value: 'caller' }, args: callerArgs ?? [], body }, around));
  const value = callee.call(args);
  return value instanceof Written ? value : textOf(value);
}
