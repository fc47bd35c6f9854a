import Mustache from "mustache";

/** Text that is already escaped for the file, and written unchanged. */
class Verbatim {
  constructor(readonly text: string) {}
}

export const verbatim = (text: string): Verbatim => new Verbatim(text);

type TemplateValue = string | number | Verbatim;
interface TemplateView {
  [name: string]: TemplateValue | boolean | readonly TemplateValue[] | readonly TemplateView[];
}

type Scope = TemplateView | TemplateValue;
type Token = [string, string, number, number, ...unknown[]];

const writer = new Mustache.Writer();

/**
 * Fills a mustache template in one pass: a value that looks like a tag stays as it is. A tag without a value, a raw
 * tag, a partial or a change of delimiters is an error of the template.
 * @param escape makes a value safe for this kind of file; not applied to `Verbatim` values
 * @throws {Error} for a fault of the template
 */
export function renderTemplate(template: string, view: TemplateView, escape: (value: string) => string): string {
  checkTokens(tokensOf(writer.parse(template)), [view]);
  const escapeValue = (value: unknown) => value instanceof Verbatim ? value.text : escape(String(value));
  return writer.render(template, view, undefined, { escape: escapeValue });
}

function tokensOf(value: unknown): Token[] {
  return Array.isArray(value) ? value.filter(isToken) : [];
}

function isToken(value: unknown): value is Token {
  return Array.isArray(value) && typeof value[0] === "string" && typeof value[1] === "string";
}

function checkTokens(tokens: Token[], scopes: Scope[]): void {
  for (const token of tokens) {
    const [kind, name] = token;
    if (kind === "text" || kind === "!") continue;
    if (kind === "name") checkName(name, scopes);
    else if (kind === "#" || kind === "^") checkSection(token, scopes);
    else throw new Error(`Cannot fill the template: the tag "${name}" is of kind "${kind}", wanted a plain one`);
  }
}

function checkName(name: string, scopes: Scope[]): void {
  const value = name === "." ? scopes.at(-1) : lookUp(name, scopes);
  if (typeof value === "string" || typeof value === "number" || value instanceof Verbatim) return;
  throw new Error(`Cannot fill the template: "${name}" has no text`);
}

function checkSection(token: Token, scopes: Scope[]): void {
  const [kind, name] = token;
  const value = lookUp(name, scopes);
  if (typeof value !== "boolean" && !Array.isArray(value)) {
    throw new Error(`Cannot fill the template: "${name}" is a section, wanted true, false or a list for it`);
  }
  const inner = tokensOf(token[4]);
  const items: readonly Scope[] = Array.isArray(value) && kind === "#" ? value : [];
  for (const item of items) checkTokens(inner, [...scopes, item]);
  // Without items, names inside a list may belong to the items, and nothing can be said.
  if (items.length === 0 && !(Array.isArray(value) && kind === "#")) checkTokens(inner, scopes);
}

/** Looks up own members only, so that `constructor` is no value. */
function lookUp(name: string, scopes: Scope[]): unknown {
  for (const scope of scopes.toReversed()) {
    if (typeof scope !== "object" || scope instanceof Verbatim) continue;
    if (Object.hasOwn(scope, name)) return scope[name];
  }
  throw new Error(`Cannot fill the template: it asks for "${name}", which nothing gives`);
}
