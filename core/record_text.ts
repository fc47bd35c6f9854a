const KEY = '\n  "farm": ';
const END = "\n}\n";

/**
 * The record's text in a shard's metrics document as this program writes it: two blanks of indentation, `farm` last.
 * Undefined where it is laid out otherwise. A line break cannot be inside a JSON string, so the key is no text.
 */
export function recordText(document: string): string | undefined {
  const at = document.lastIndexOf(KEY);
  if (at < 0 || !document.endsWith(END)) return undefined;
  return document.slice(at + KEY.length, document.length - END.length);
}
