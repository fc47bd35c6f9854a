/** Markup that is as it should be: made by `markup` alone. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = Markup | string | number | null | readonly (Markup | null)[];

/**
 * A piece of HTML or SVG: what is written into it is escaped, for text and for quoted attributes, unless it is markup
 * itself. null is nothing.
 */
export function markup(texts: TemplateStringsArray, ...parts: Part[]): Markup {
  return new Markup(texts.map((text, i) => text + (i < parts.length ? partText(parts[i] ?? null) : "")).join(""));
}

function partText(part: Part): string {
  if (part === null) return "";
  if (part instanceof Markup) return part.text;
  if (typeof part === "object") return part.map((one) => one?.text ?? "").join("");
  return escapeMarkup(`${part}`);
}

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** What XML does not allow in a document, escaped or not. */
const FORBIDDEN =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

export function escapeMarkup(text: string): string {
  return text.replaceAll(FORBIDDEN, "\ufffd").replaceAll(/[&<>"']/g, (mark) => ESCAPES[mark] ?? mark);
}

/** A coordinate: a tenth of a pixel is enough. */
export const px = (value: number): string => `${Math.round(value * 10) / 10}`;
