import { FarmError } from "../../core/errors.ts";

/** A plugin that cannot be used: which file, and why. Exit 3, as any bad input file. */
export function pluginFault(file: string, why: string, next?: string): FarmError {
  return new FarmError("input", `Cannot use the plugin "${file}": ${why}`, next);
}

/** A function of an adapter threw, or returned what the contract of adapters does not allow. */
export class MemberFault extends FarmError {
  /**
   * @param adapter the plugin's file, else the adapter's name
   * @param how "threw" with the error's message, or "returned" with the first thing that is wrong in it
   */
  constructor(adapter: string, readonly member: string, readonly how: "threw" | "returned", readonly what: string) {
    const words = how === "threw" ? `its ${member} threw: ${what}` : `what its ${member} returned is wrong: ${what}`;
    super("input", pluginFault(adapter, words).message);
  }

  /** @param doing when it did so, as in "for 40 shards" */
  during(doing: string): string {
    return this.how === "threw"
      ? `throws ${doing}: ${this.what}`
      : `gives something else ${doing} than wanted: ${this.what}`;
  }
}
