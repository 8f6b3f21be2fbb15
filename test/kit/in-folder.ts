/** The working folder of this process, lent to work that takes it from there. */

export class InFolder {
  readonly #home = process.cwd();
  #dir: string | undefined;
  #working = 0;
  #waiting: (() => void)[] = [];

  /** Does work in a folder. Work in the same folder goes together, work in another one waits. */
  async within<T>(dir: string, work: () => Promise<T>): Promise<T> {
    while (this.#working > 0 && this.#dir !== dir)
      await new Promise<void>(resolve => this.#waiting.push(resolve));
    this.#dir = dir;
    this.#working++;
    process.chdir(dir);
    try {
      return await work();
    } finally {
      if (--this.#working === 0) {
        process.chdir(this.#home);
        for (const go of this.#waiting.splice(0)) go();
      }
    }
  }
}
