/**
 * Steps of one process that ask for different environments take turns: `process.env` is one for all of them.
 */
export class EnvTurns {
  readonly #environment: NodeJS.ProcessEnv;
  #key = '';
  #working = 0;
  #before: [string, string | undefined][] = [];
  #waiting: (() => void)[] = [];

  constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment;
  }

  /**
   * Does work in an environment, together with other work in the same. `onWait` is told true when it waits
   * for work in another, and false when it goes on. Afterwards the environment is as it was.
   */
  async within<T>(
    env: Record<string, string>,
    work: () => Promise<T>,
    onWait: (waits: boolean) => void,
  ): Promise<T> {
    const key = Object.entries(env)
      .map(entry => entry.join('='))
      .sort()
      .join('\0');
    const waits = (): boolean => this.#working > 0 && this.#key !== key;
    if (waits()) {
      onWait(true);
      while (waits()) await new Promise<void>(resolve => this.#waiting.push(resolve));
      onWait(false);
    }
    if (this.#working++ === 0) this.#enter(key, env);
    try {
      return await work();
    } finally {
      if (--this.#working === 0) this.#leave();
    }
  }

  #enter(key: string, env: Record<string, string>): void {
    this.#key = key;
    this.#before = Object.keys(env).map(name => [name, this.#environment[name]]);
    Object.assign(this.#environment, env);
  }

  #leave(): void {
    for (const [name, value] of this.#before)
      if (value === undefined) Reflect.deleteProperty(this.#environment, name);
      else this.#environment[name] = value;
    for (const go of this.#waiting.splice(0)) go();
  }
}
