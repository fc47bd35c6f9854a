import { namesInPassing } from "../disk/list_names.ts";

const LEAST_MS = 300;
/** A listing is made anew at most when it took this part of the time since the last one. */
const SHARE = 0.02;

/**
 * The names in a folder by a listing that is not old: whoever looks names up instead may be answered for a minute that
 * they are absent, once they were (readListed). A name that is not there may have come since.
 */
export class RecentNames {
  #names: ReadonlySet<string> = new Set();
  #old_at_ms = -Infinity;

  constructor(readonly folder: string) {}

  has(name: string): boolean {
    const begin = performance.now();
    if (begin >= this.#old_at_ms) {
      this.#names = new Set(namesInPassing(this.folder));
      const end = performance.now();
      this.#old_at_ms = end + Math.max(LEAST_MS, (end - begin) / SHARE);
    }
    return this.#names.has(name);
  }
}
