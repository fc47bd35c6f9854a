import { parse } from "yaml";

/** Number of values that a document's aliases may expand to: without a limit a small document grows without bound. */
const MAX_ALIASES = 100;

/**
 * Reads YAML. In its own module, so that only a spec in YAML loads the package: a CommonJS package imported by
 * `import()` loses its names when the program is bundled.
 * @throws {Error} with line and column, for invalid YAML or too many aliases
 */
export const parseYaml = (text: string): unknown => parse(text, { maxAliasCount: MAX_ALIASES });
