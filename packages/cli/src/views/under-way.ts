/** Which items a run is at, for the words of a process that cannot go on with them. */
import type { RunEvent } from '@kube-transform/runtime';
import { itemAtWork, itemLabel } from '@kube-transform/runtime/internal';
import { plural } from '../terminal/output.js';

const SHOWN = 3;

/** The items that have begun and not ended, as events tell of them. */
export class UnderWay {
  readonly #items = new Map<string, Set<number>>();

  take(event: RunEvent): void {
    const { type } = event;
    if (type === 'ItemStarted') {
      const items = this.#items.get(event.job);
      if (items === undefined) this.#items.set(event.job, new Set([event.item]));
      else items.add(event.item);
    } else if (type === 'ItemSucceeded' || type === 'ItemRetrying' || type === 'ItemFailed') {
      this.#items.get(event.job)?.delete(event.item);
    }
  }

  /** What is under way, as a sentence: the item that this is called from, where it is one. */
  names(): string {
    const here = itemAtWork();
    if (here !== undefined) return `It was at ${itemLabel({ job: here.job, item: here.index })}.`;
    const { text } = this.#list();
    return text === '' ? '' : `It was at ${text}.`;
  }

  /** That what is under way will never end, as a sentence. */
  stuck(): string {
    const { text, count } = this.#list();
    if (count === 0) return 'What the run waits for can no longer happen.';
    return `${text} ${count === 1 ? 'waits' : 'wait'} for a promise that can no longer settle: nothing goes on in this process. Functions must return or throw.`;
  }

  #list(): { text: string; count: number } {
    const shown: string[] = [];
    let count = 0;
    for (const [job, items] of this.#items) {
      count += items.size;
      for (const item of items) {
        if (shown.length === SHOWN) break;
        shown.push(itemLabel({ job, item }));
      }
    }
    const more = count - shown.length;
    return { text: shown.join(', ') + (more > 0 ? ` and ${plural(more, 'more item')}` : ''), count };
  }
}
