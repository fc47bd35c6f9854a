import config from "../deno.json" with { type: "json" };

/** The version of this program: deno.json has the only copy. */
export const VERSION: string = config.version;
