/** Wakes whoever waits for a change. */
export class Change {
  #next = Promise.withResolvers<void>();

  /** Resolves at the next change. */
  change(): Promise<void> {
    return this.#next.promise;
  }

  changed(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers<void>();
  }
}
