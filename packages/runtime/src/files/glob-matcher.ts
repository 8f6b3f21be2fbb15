/*
 * Matches paths with a pattern.
 *
 * 1. All ways through the pattern are followed at once, a character at a time, each step of the program at
 *    most once a character: no pattern takes more than its length times that of the path.
 * 2. Where a character has led from a set of ways is remembered, so most paths cost a look-up a character.
 *    The memory begins anew when it is full.
 */
import { globProgram, type Step } from './glob-program.js';

/** Look-ups that are remembered. */
const MEMORY = 10_000;

/** Ways through the pattern that are open behind some character. */
interface Ways {
  steps: readonly number[];
  /** Whether a name begins here. */
  atName: boolean;
  then: Map<string, Ways>;
  matches: boolean | undefined;
}

/** A pattern, ready to be matched with many paths. */
export class GlobMatcher {
  /** What matching has cost so far: steps of the program that were taken, and look-ups. */
  cost = 0;
  readonly #program: readonly Step[];
  /** For each step, the round in which it was last reached. */
  readonly #reached: Float64Array;
  #round = 0;
  readonly #known = new Map<string, Ways>();
  #remembered = 0;

  constructor(pattern: string) {
    this.#program = globProgram(pattern);
    this.#reached = new Float64Array(this.#program.length);
  }

  /** Whether a path, relative and without "." and "..", matches as a whole. */
  matches(path: string): boolean {
    let ways = this.#waysAt([0], true);
    for (const char of path) {
      ways = this.#after(ways, char);
      if (ways.steps.length === 0) return false;
    }
    return (ways.matches ??= this.#reach(ways.steps, false).some(at => this.#program[at]?.kind === 'match'));
  }

  #after(ways: Ways, char: string): Ways {
    this.cost++;
    const known = ways.then.get(char);
    if (known !== undefined) return known;
    const hidden = ways.atName && char === '.';
    const steps: number[] = [];
    for (const at of this.#reach(ways.steps, hidden)) {
      const step = this.#program[at];
      if (step !== undefined && takes(step, char, hidden)) steps.push(at + 1);
    }
    if (++this.#remembered > MEMORY) {
      this.#known.clear();
      this.#remembered = 0;
    }
    const after = this.#waysAt(steps, char === '/');
    ways.then.set(char, after);
    return after;
  }

  #waysAt(steps: number[], atName: boolean): Ways {
    const key = `${atName ? '/' : ''}${steps.sort((a, b) => a - b).join()}`;
    let ways = this.#known.get(key);
    if (ways === undefined)
      this.#known.set(key, (ways = { steps, atName, then: new Map(), matches: undefined }));
    return ways;
  }

  /** The steps that take a character (or end the program) and can be reached from some without taking one. */
  #reach(from: readonly number[], hidden: boolean): number[] {
    const found: number[] = [];
    const round = ++this.#round;
    const open = [...from];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const step = this.#program[at];
      if (step === undefined || this.#reached[at] === round) continue;
      this.#reached[at] = round;
      this.cost++;
      if (step.kind === 'fork') for (const to of step.to) open.push(to);
      else if (step.kind !== 'visible') found.push(at);
      else if (!hidden) open.push(at + 1);
    }
    return found;
  }
}

function takes(step: Step, char: string, hidden: boolean): boolean {
  switch (step.kind) {
    case 'char':
      return step.char === char;
    case 'any':
      return char !== '/' && !hidden;
    case 'class': {
      if (char === '/' || hidden) return false;
      const code = char.codePointAt(0) ?? 0;
      return step.ranges.some(([from, to]) => from <= code && code <= to) !== step.negated;
    }
    case 'visible':
    case 'fork':
    case 'match':
      return false;
  }
}
