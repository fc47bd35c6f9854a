import type { FitWarning } from "./contracts/fit_quality.ts";

const NONE: readonly FitWarning[] = [];

/**
 * Counts nextstat's warnings and errors in lines of one shard's stderr: a time, a level, a text, as nextstat 0.10.1 logs them,
 * with colours as our records (`\u001b`) or those of the sh wrapper (`?`) keep them.
 */
export function countWarnings(lines: readonly string[]): readonly FitWarning[] {
  if (lines.length === 0) return NONE;
  const found = new Map<string, number>();
  for (const line of lines) {
    // deno-lint-ignore no-control-regex
    const plain = line.replaceAll(/(?:\x1b|\\u001b|\?)\[[0-9;]*m/g, "");
    const text = /^\d{4}-\d\d-\d\dT\S+Z?\s+(?:WARN|ERROR)\s+(.+)$/.exec(plain)?.[1]?.trim();
    if (text !== undefined) found.set(text, (found.get(text) ?? 0) + 1);
  }
  return found.size === 0 ? NONE : [...found].map(([text, n_lines]) => ({ text, n_shards: 1, n_lines }));
}

/** The warnings of several shards, or of sets of them, together; the most frequent first. */
export function addWarnings(parts: Iterable<readonly FitWarning[]>): FitWarning[] {
  const found = new Map<string, FitWarning>();
  for (const warnings of parts) {
    for (const { text, n_shards, n_lines } of warnings) {
      const one = found.get(text) ?? { text, n_shards: 0, n_lines: 0 };
      found.set(text, { text, n_shards: one.n_shards + n_shards, n_lines: one.n_lines + n_lines });
    }
  }
  return [...found.values()].sort((a, b) => b.n_shards - a.n_shards || (a.text < b.text ? -1 : 1));
}
