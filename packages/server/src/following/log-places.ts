/**
 * Where a line stands in a log that is written on: two who read it name the same line alike, wherever they
 * began. Pure.
 */

/** A place in a log. */
export interface LogPlace {
  /** When its line was written, as text that sorts; never before that of an earlier line. */
  at: string;
  /** Which of the lines of that moment, from 0. */
  nth: number;
}

/** A line without its time. */
export interface PlacedLine extends LogPlace {
  line: string;
}

const STAMPED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)(?: (.*))?$/s;
const SEC_DIGITS = 12;
const SET_BACK_SEC = 60;

/** Whether a line comes after a place; null: that before the first. */
export const isAfter = ({ at, nth }: LogPlace, place: LogPlace | null): boolean =>
  place === null || at > place.at || (at === place.at && nth > place.nth);

/** Since when a log is read to find all after a place: clocks are set back, by less than this. */
export const sinceOf = ({ at }: LogPlace): string =>
  new Date((Number(at.slice(0, SEC_DIGITS)) - SET_BACK_SEC) * 1000).toISOString();

/** Gives the lines of one reading of a log their places. */
export class LogPlaces {
  #at = '';
  #nth = 0;
  #isInOrder = true;

  /** Whether the clock that wrote the log has not gone back. */
  get isInOrder(): boolean {
    return this.#isInOrder;
  }

  /** A line as it is logged, with its time. What has none came with the line before. */
  placed(logged: string): PlacedLine {
    const [, second, fraction = '', zone = '', line = ''] = STAMPED.exec(logged) ?? [];
    const sec = second === undefined ? Number.NaN : Date.parse(`${second}${zone}`) / 1000;
    const isStamped = Number.isFinite(sec);
    const at = isStamped ? `${String(sec).padStart(SEC_DIGITS, '0')}.${fraction.padEnd(9, '0')}` : this.#at;
    if (at < this.#at) this.#isInOrder = false;
    this.#nth = at > this.#at ? 0 : this.#nth + 1;
    if (at > this.#at) this.#at = at;
    return { at: this.#at, nth: this.#nth, line: isStamped ? line : logged };
  }
}
