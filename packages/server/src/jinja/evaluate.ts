/** The value of an expression of a template. Undefined names are errors where they are used. */
import { FILTERS, fraction } from './list-filters.js';
import { given } from './given.js';
import { memberOf, sliceOf } from './methods.js';
import type { Binary, Call, Identifier, Member, Node } from './nodes.js';
import { testName } from './parse-template.js';
import type { Budget, Scope } from './scope.js';
import { TemplateError } from './template-error.js';
import { formatted } from './text-filters.js';
import { holds, TESTS } from './tests.js';
import type { Tokens } from './tokens.js';
import {
  Callable,
  compare,
  Digits,
  type Given,
  isEqual,
  isTrue,
  itemsOf,
  kindOf,
  Missing,
  Nothing,
  numberOf,
  plain,
  textOf,
  type Value,
  Written,
} from './values.js';
import { WRITING_FILTERS } from './writing-filters.js';

/** What an expression is evaluated in. */
export interface Surroundings {
  scope: Scope;
  tokens: Tokens;
  budget: Budget;
}

/** Gives the value of an expression. @throws TemplateError */
export function evaluate(node: Node, around: Surroundings): Value {
  const { scope, budget } = around;
  budget.step();
  const value = (one: Node): Value => evaluate(one, around);
  // eslint-disable-next-line @typescript-eslint/switch-exhaustiveness-check -- the others are statements
  switch (node.type) {
    case 'StringLiteral':
      // What the template says itself may be more than one value.
      return new Written(node.value, { raw: node.value });
    case 'IntegerLiteral':
      return node.value;
    case 'FloatLiteral':
      return fraction(node.value);
    case 'ArrayLiteral':
    case 'TupleLiteral':
      return node.value.map(value);
    case 'ObjectLiteral':
      return new Map([...node.value].map(([key, member]) => [textOf(value(key)), value(member)]));
    case 'Identifier':
      return scope.get(node.value);
    case 'MemberExpression':
      return member(node, around);
    case 'CallExpression':
      return called(node, around);
    case 'UnaryExpression':
      return unary(node.operator.value, value(node.argument));
    case 'BinaryExpression':
      return binary(node, around);
    case 'FilterExpression':
      return filtered(value(node.operand), node.filter, around);
    case 'TestExpression':
      return tested(node.test.value, [value(node.operand), null]) !== node.negate;
    case 'Ternary':
      return value(isTrue(value(node.condition)) ? node.trueExpr : node.falseExpr);
    case 'SelectExpression':
      return isTrue(value(node.test)) ? value(node.lhs) : new Nothing('an "else" of its inline "if"');
    default:
      throw new TemplateError(`The template has ${node.type} where a value is needed.`);
  }
}

/** A value after a filter. */
export function filtered(operand: Value, filter: Identifier | Call, around: Surroundings): Value {
  const name = filter.type === 'Identifier' ? filter.value : (filter.callee as Identifier).value;
  const args =
    filter.type === 'Identifier'
      ? { positional: [], named: new Map<string, Value>() }
      : givenTo(filter, around);
  const test = /^is (not )?(\w+)$/.exec(name);
  if (test !== null)
    return tested(test[2] ?? '', [operand, args.positional[0] ?? null]) === (test[1] === undefined);
  if (Object.hasOwn(WRITING_FILTERS, name))
    return WRITING_FILTERS[name]?.(operand, given(args), around.tokens) ?? null;
  if (/^(select|reject)(attr)?$/.test(name)) return chosen(operand, name, args);
  const found = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
  if (found === undefined)
    throw new TemplateError(`The template uses the filter "${name}", which is not known here.`);
  const result = found(operand, given(args));
  return typeof result === 'string' ? around.budget.text(result) : result;
}

/** The arguments of a call. */
export function givenTo({ args }: Pick<Call, 'args'>, around: Surroundings): Given {
  const all: Given = { positional: [], named: new Map() };
  for (const arg of args) {
    if (arg.type === 'KeywordArgumentExpression') all.named.set(arg.key.value, evaluate(arg.value, around));
    else if (arg.type === 'SpreadExpression')
      for (const one of itemsOf(evaluate(arg.argument, around), 'spreads')) all.positional.push(one);
    else if (arg.type === 'KeywordSpreadExpression') {
      const more = plain(evaluate(arg.argument, around));
      if (more instanceof Map) for (const [key, one] of more) all.named.set(key, one);
    } else all.positional.push(evaluate(arg, around));
  }
  return all;
}

function called(node: Call, around: Surroundings): Value {
  const callee = plain(evaluate(node.callee, around));
  if (!(callee instanceof Callable))
    throw new TemplateError(`The template calls ${kindOf(callee)}, which is no function.`);
  return callee.call(givenTo(node, around));
}

function member({ object, property, computed }: Member, around: Surroundings): Value {
  const self = evaluate(object, around);
  if (property.type === 'SliceExpression') {
    const [start, stop, step] = [property.start, property.stop, property.step].map(part =>
      part === undefined ? undefined : numberOf(evaluate(part, around)),
    );
    return sliceOf(self, [start, stop, step]);
  }
  const key = !computed && property.type === 'Identifier' ? property.value : evaluate(property, around);
  return memberOf(self, key, nameOf({ object, key }));
}

/** What a member is called, for messages: `cfg.nope`. */
function nameOf({ object, key }: { object: Node; key: Value }): string {
  const inner = (node: Node): string =>
    node.type === 'Identifier'
      ? node.value
      : node.type === 'MemberExpression' && node.property.type === 'Identifier'
        ? `${inner(node.object)}.${node.property.value}`
        : '…';
  return `${inner(object)}.${textOf(key)}`;
}

function tested(name: string, [value, other]: [Value, Value]): boolean {
  const test = Object.hasOwn(TESTS, name) ? TESTS[name] : undefined;
  if (test === undefined)
    throw new TemplateError(
      `The template uses the test "${testName(name, false)}", which is not known here.`,
    );
  return test(value, other);
}

/** `select`, `reject`, `selectattr`, `rejectattr`. */
function chosen(value: Value, name: string, { positional }: Given): Value[] {
  const words = name.endsWith('attr') ? positional.slice(1) : positional;
  const test = words[0] === undefined ? undefined : textOf(words[0]);
  return itemsOf(value, 'chooses from').filter(item => {
    const one = name.endsWith('attr')
      ? memberOf(item, textOf(positional[0] ?? ''), textOf(positional[0] ?? ''))
      : item;
    const holdsTrue =
      test === undefined ? !(one instanceof Missing) && isTrue(one) : tested(test, [one, words[1] ?? null]);
    return holdsTrue === name.startsWith('select');
  });
}

function unary(operator: string, value: Value): Value {
  if (operator === 'not') return !isTrue(value);
  const number = numberOf(value);
  if (number === undefined)
    throw new TemplateError(`The template writes "${operator}" before ${kindOf(plain(value))}.`);
  return operator === '-' ? -number : number;
}

function binary(
  { operator: { value: operator }, left: first, right: second }: Binary,
  around: Surroundings,
): Value {
  const left = evaluate(first, around);
  if (operator === 'and') return isTrue(left) ? evaluate(second, around) : left;
  if (operator === 'or') return isTrue(left) ? left : evaluate(second, around);
  const right = evaluate(second, around);
  switch (operator) {
    case '==':
      return isEqual(left, right);
    case '!=':
      return !isEqual(left, right);
    case '<':
      return compare(left, right) < 0;
    case '>':
      return compare(left, right) > 0;
    case '<=':
      return compare(left, right) <= 0;
    case '>=':
      return compare(left, right) >= 0;
    case 'in':
      return holds(right, left);
    case 'not in':
      return !holds(right, left);
    case '~':
      return joined(left, right, around);
    default:
      return arithmetic(operator, [left, right], around);
  }
}

/** Two texts as one: what the template wrote of them stays so. */
function joined(left: Value, right: Value, { tokens, budget }: Surroundings): Value {
  const text = budget.text(textOf(left) + textOf(right));
  const isOurs = [left, right].some(one => one instanceof Written && one.raw !== undefined);
  return isOurs ? new Written(text, { raw: tokens.print(left) + tokens.print(right) }) : text;
}

function arithmetic(operator: string, [left, right]: [Value, Value], around: Surroundings): Value {
  const [a, b] = [plain(left), plain(right)];
  if (operator === '+' && typeof a === 'string' && typeof b === 'string') return joined(left, right, around);
  if (operator === '+' && Array.isArray(a) && Array.isArray(b)) return [...a, ...b];
  if (operator === '*' && typeof a === 'string' && typeof b === 'number') {
    around.budget.text(' '.repeat(Math.min(Math.max(0, a.length * b), 2 ** 24)));
    return a.repeat(Math.max(0, b));
  }
  if (operator === '%' && typeof a === 'string') return formatted(a, Array.isArray(b) ? b : [b]);
  const [n, m] = [numberOf(a), numberOf(b)];
  if (n === undefined || m === undefined)
    throw new TemplateError(`The template writes "${operator}" between ${kindOf(a)} and ${kindOf(b)}.`);
  if (m === 0 && ['/', '//', '%'].includes(operator)) throw new TemplateError('The template divides by 0.');
  const isFraction = [a, b].some(
    one => (one instanceof Digits && /[.e]/i.test(one.text)) || !Number.isInteger(numberOf(one)),
  );
  const results: Record<string, number> = {
    '+': n + m,
    '-': n - m,
    '*': n * m,
    '/': n / m,
    '//': Math.floor(n / m),
    '%': ((n % m) + m) % m,
    '**': n ** m,
  };
  const result = results[operator];
  if (result === undefined || !Number.isFinite(result))
    throw new TemplateError(`The template's "${operator}" gives no number.`);
  if (!isFraction && operator !== '/' && !Number.isSafeInteger(result) && Number.isInteger(result))
    throw new TemplateError(`The template's "${operator}" gives a number too large to be exact.`);
  return isFraction || operator === '/' ? fraction(result) : result;
}
