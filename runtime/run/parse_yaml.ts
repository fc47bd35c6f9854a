import { parse } from "yaml";

/** How many values the aliases of a document may stand for: else a small one can grow without bound. */
const MAX_ALIASES = 100;

/**
 * Reads YAML. A module of its own, so that only a spec in YAML pays for the package: imported by `import()`, a CommonJS
 * package loses its names when the program is bundled.
 * @throws {Error} with line and column, for what is no YAML or has too many aliases
 */
export const parseYaml = (text: string): unknown => parse(text, { maxAliasCount: MAX_ALIASES });
