/**
 * A template as a tree, and its reader: @huggingface/jinja, whose types this way of resolving modules does
 * not find.
 */
import * as jinja from '@huggingface/jinja';

/** A name that is looked up. */
export interface Identifier {
  type: 'Identifier';
  value: string;
}

/** A call; that of a filter names the filter. */
export interface Call {
  type: 'CallExpression';
  callee: Node;
  args: Node[];
}

/** A literal list. */
export interface Sequence {
  type: 'ArrayLiteral' | 'TupleLiteral';
  value: Node[];
}

/** A part of a value. */
export interface Member {
  type: 'MemberExpression';
  object: Node;
  property: Node;
  computed: boolean;
}

/** A loop. */
export interface For {
  type: 'For';
  loopvar: Identifier | Sequence;
  iterable: Node;
  body: Node[];
  defaultBlock: Node[];
}

/** A macro, or the body of a call block. */
export interface Macro {
  type: 'Macro';
  name: Identifier;
  args: Node[];
  body: Node[];
}

/** A block that is given to a macro. */
export interface CallBlock {
  type: 'CallStatement';
  call: Call;
  callerArgs: Node[] | null;
  body: Node[];
}

/** `a if b`: in a loop which items, elsewhere a value or nothing. */
export interface Select {
  type: 'SelectExpression';
  lhs: Node;
  test: Node;
}

/** An operator between two expressions. */
export interface Binary {
  type: 'BinaryExpression';
  operator: { value: string };
  left: Node;
  right: Node;
}

/** Gives a value a name. */
export interface Assignment {
  type: 'Set';
  assignee: Node;
  value: Node | null;
  body: Node[];
}

/** A statement or an expression; expressions among statements are printed. */
export type Node =
  | Identifier
  | Call
  | Sequence
  | Member
  | For
  | Macro
  | CallBlock
  | Select
  | Binary
  | Assignment
  | { type: 'StringLiteral'; value: string }
  | { type: 'IntegerLiteral' | 'FloatLiteral'; value: number }
  | { type: 'ObjectLiteral'; value: Map<Node, Node> }
  | { type: 'SliceExpression'; start?: Node; stop?: Node; step?: Node }
  | { type: 'UnaryExpression'; operator: { value: string }; argument: Node }
  | { type: 'FilterExpression'; operand: Node; filter: Identifier | Call }
  | { type: 'TestExpression'; operand: Node; negate: boolean; test: Identifier }
  | { type: 'Ternary'; condition: Node; trueExpr: Node; falseExpr: Node }
  | { type: 'KeywordArgumentExpression'; key: Identifier; value: Node }
  | { type: 'SpreadExpression' | 'KeywordSpreadExpression'; argument: Node }
  | { type: 'If'; test: Node; body: Node[]; alternate: Node[] }
  | { type: 'FilterStatement'; filter: Identifier | Call; body: Node[] }
  | { type: 'Break' | 'Continue' | 'Comment' };

/** A word or sign of a template. */
export interface Token {
  type: string;
  value: string;
}

interface Engine {
  /** Cuts a template into words and signs. @throws Error */
  tokenize(source: string): Token[];
  /** Makes a tree of them. @throws Error */
  parse(tokens: readonly Token[]): { body: Node[] };
}

export const { tokenize, parse } = jinja as unknown as Engine;
