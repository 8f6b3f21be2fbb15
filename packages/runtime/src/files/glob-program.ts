/*
 * Makes a pattern into a program for glob-matcher.ts. Pure.
 *
 * 1. The program is as long as the pattern: `{a,b}` branches, it is not multiplied out.
 * 2. What is no pattern is plain text: a bracket or brace without its end, a brace without a comma.
 */
import { braceChoices, type Braces } from './glob-braces.js';
import { classesOf, type GlobClass } from './glob-classes.js';

/** A step of a program: takes a character, or goes on at other steps without one. */
export type Step =
  | { kind: 'char'; char: string }
  /** Any character but "/", and no "." that begins a name. */
  | { kind: 'any' }
  /** One of these ranges of code points (or none of them), within what `any` takes. */
  | { kind: 'class'; negated: boolean; ranges: readonly (readonly [number, number])[] }
  /** Goes on unless a name begins here with ".". */
  | { kind: 'visible' }
  | { kind: 'fork'; to: number[] }
  | { kind: 'match' };

const STARS = /\*+/y;

/** The program of a pattern: `*`, `**`, `?`, `[ab]`, `{a,b}`, and a backslash before what is to be plain. */
export function globProgram(pattern: string): Step[] {
  return new Writer(pattern).program();
}

class Writer {
  readonly #pattern: string;
  readonly #classes: Map<number, GlobClass>;
  readonly #braces: Braces;
  readonly #steps: Step[] = [];
  /** For each brace that is open: its fork, and where its alternatives end. */
  readonly #open: { fork: number[]; ends: number[][] }[] = [];

  /** Where the last `*` ended. */
  #starEnd = -1;

  constructor(pattern: string) {
    this.#pattern = pattern;
    this.#classes = classesOf(pattern);
    this.#braces = braceChoices(pattern, this.#classes);
  }

  program(): Step[] {
    for (let at = 0; at < this.#pattern.length;) at = this.#write(at);
    this.#steps.push({ kind: 'match' });
    return this.#steps;
  }

  /** Writes what begins at a position; the position behind it. */
  #write(at: number): number {
    const char = String.fromCodePoint(this.#pattern.codePointAt(at) ?? 0);
    switch (char) {
      case '\\': {
        const next = this.#pattern.codePointAt(at + 1);
        this.#text(next === undefined ? char : String.fromCodePoint(next));
        return at + 1 + (next === undefined ? 0 : String.fromCodePoint(next).length);
      }
      case '?':
        this.#steps.push({ kind: 'any' });
        return at + 1;
      case '*':
        return this.#stars(at);
      case '[':
        return this.#class(at);
      case '{':
      case ',':
      case '}':
        return this.#brace(at, char);
      case '/':
        return this.#slash(at);
    }
    this.#text(char);
    return at + char.length;
  }

  /** `a/**` is also a itself; `a*` before it keeps it from that, as it always has. */
  #slash(at: number): number {
    const end = starsEnd(this.#pattern, at + 1);
    const isBelow = end - at === 3 && this.#pattern[end] !== '/' && this.#braces.endsName(end);
    if (!isBelow || at === this.#starEnd) {
      this.#text('/');
      return at + 1;
    }
    this.#repeat(() => {
      this.#text('/');
      this.#name();
    });
    return end;
  }

  #stars(at: number): number {
    const end = starsEnd(this.#pattern, at);
    const isWhole = end - at === 2 && this.#braces.beginsName(at) && this.#braces.endsName(end);
    if (!isWhole) {
      this.#starEnd = end;
      this.#steps.push({ kind: 'visible' });
      this.#repeat(() => this.#steps.push({ kind: 'any' }));
      return end;
    }
    if (this.#pattern[end] === '/') {
      this.#repeat(() => {
        this.#name();
        this.#text('/');
      });
      return end + 1;
    }
    this.#name();
    this.#repeat(() => {
      this.#text('/');
      this.#name();
    });
    return end;
  }

  #class(at: number): number {
    const found = this.#classes.get(at);
    if (found === undefined) {
      this.#text('[');
      return at + 1;
    }
    // A file may be called `data[1].csv`: a class is its own text, too.
    const own = this.#pattern.slice(at, found.end).replaceAll(/\\(.)/gsu, '$1');
    const fork = this.#fork();
    fork.push(this.#steps.length);
    this.#steps.push({ kind: 'class', negated: found.negated, ranges: found.ranges });
    const end = this.#fork();
    fork.push(this.#steps.length);
    this.#text(own);
    end.push(this.#steps.length);
    return found.end;
  }

  #brace(at: number, char: string): number {
    const list = this.#braces.listAt(at);
    const open = this.#open.at(-1);
    if (list !== undefined) {
      this.#choose(list.words);
      return list.end;
    }
    if (!this.#braces.isMark(at)) this.#text(char);
    else if (char === '{') {
      const fork = this.#fork();
      fork.push(this.#steps.length);
      this.#open.push({ fork, ends: [] });
    } else if (open !== undefined && char === ',') {
      open.ends.push(this.#fork());
      open.fork.push(this.#steps.length);
    } else {
      for (const end of open?.ends ?? []) end.push(this.#steps.length);
      this.#open.pop();
    }
    return at + 1;
  }

  #choose(words: readonly string[]): void {
    const fork = this.#fork();
    const ends = words.map(word => {
      fork.push(this.#steps.length);
      this.#text(word);
      return this.#fork();
    });
    for (const end of ends) end.push(this.#steps.length);
  }

  /** A name that does not begin with ".". */
  #name(): void {
    this.#steps.push({ kind: 'any' });
    this.#repeat(() => this.#steps.push({ kind: 'any' }));
  }

  #repeat(write: () => void): void {
    const start = this.#steps.length;
    const fork = this.#fork();
    fork.push(this.#steps.length);
    write();
    this.#fork().push(start);
    fork.push(this.#steps.length);
  }

  #text(text: string): void {
    for (const char of text) this.#steps.push({ kind: 'char', char });
  }

  /** Writes a fork, and gives the list of where it leads. */
  #fork(): number[] {
    const to: number[] = [];
    this.#steps.push({ kind: 'fork', to });
    return to;
  }
}

/** Where a run of stars that begins at a position ends. */
function starsEnd(pattern: string, at: number): number {
  STARS.lastIndex = at;
  return at + (STARS.exec(pattern)?.[0].length ?? 0);
}
