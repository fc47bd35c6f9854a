import { type FlagTable, wholeNumber } from "../core/flags.ts";
import { CHECK_TOYS } from "../core/request.ts";
import { MOST_STARTS } from "../core/starts/words.ts";

/** Flags of where toys are generated, and from where they are fitted. */
export const GENERATION_FLAGS = {
  gen: {
    group: "What to run",
    type: "string",
    default: "init",
    choices: ["init", "mle"],
    placeholder: "point",
    help: "generate toys at the spec's `init` values or at the `mle` of the observed data",
  },
  set: {
    group: "What to run",
    type: "strings",
    placeholder: "name=value",
    help: "override a generation parameter (repeatable)",
  },
  "freeze-gen": {
    group: "What to run",
    type: "boolean",
    help: "fit the generation point once, now, and use it for all shards",
  },
  starts: {
    group: "What to run",
    type: "string",
    placeholder: "k",
    help: "fit each toy from k starts (or auto), keep the lowest",
    read: starts,
  },
} as const satisfies FlagTable;

export const CHECK_STARTS_FLAG = {
  group: "Guardrails",
  type: "integer",
  default: CHECK_TOYS,
  min: 0,
  max: 1000,
  placeholder: "n",
  help: "trial toys to fit from other starts first",
} as const;

/** @throws {FarmError} usage */
function starts(text: string): number | "auto" {
  return text === "auto" ? "auto" : wholeNumber("--starts", 1, MOST_STARTS)(text);
}
