import config from "../deno.json" with { type: "json" };

/** Version of this program; only deno.json contains it. */
export const VERSION: string = config.version;
