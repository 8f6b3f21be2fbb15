/** How many may be served at once who take long. */
import { KtError } from '@kube-transform/sdk';

/** Counts them. */
export class Followers {
  readonly #most: number;
  readonly #what: string;
  #now = 0;

  /** @param what is told when there are too many, such as `logs are followed at this server`. */
  constructor(most: number, what: string) {
    this.#most = most;
    this.#what = what;
  }

  /** How many there are. */
  get now(): number {
    return this.#now;
  }

  /** Lets one in; what it gives back lets it go, once. @throws KtError `TOO_MANY_FOLLOWERS` */
  enter(hint: string): () => void {
    if (this.#now >= this.#most) {
      const message = `${this.#most} ${this.#what}, and no more can be.`;
      throw new KtError({ code: 'TOO_MANY_FOLLOWERS', path: '', message, hint });
    }
    this.#now++;
    let isIn = true;
    return () => {
      if (isIn) this.#now--;
      isIn = false;
    };
  }
}
