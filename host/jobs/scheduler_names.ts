import { BUILT_IN } from "../../schedulers/mod.ts";

/** The schedulers that need no plugin. */
export const BUILT_IN_NAMES: readonly string[] = Object.keys(BUILT_IN);
