/** Hashes text to hexadecimal sha256; core has no hash of its own. */
type Sha256Of = (text: string) => string;

/** The text of a metrics document as it is written: two blanks of indentation, a line break at its end. */
export const documentText = (document: unknown): string => JSON.stringify(document, null, 2) + "\n";

/** The document with a sum over all of itself, so that one changed byte is found later. */
export function sealDocument<T extends { farm: object }>(document: T, sha256: Sha256Of): T {
  return { ...document, farm: { ...document.farm, record_sha256: sha256(documentText(document)) } };
}

/**
 * Why a document's text is not what was sealed, or null. It is compared as
 * parsed, not as a schema hands it on: that would put its members into another order.
 * @throws {SyntaxError} when it is no JSON
 */
export function sealFault(text: string, sha256: Sha256Of): string | null {
  const document: unknown = JSON.parse(text);
  if (!isObject(document) || !isObject(document.farm)) return "has no record";
  const { record_sha256, ...farm } = document.farm;
  if (typeof record_sha256 !== "string") return "has no farm.record_sha256 over itself";
  if (documentText(document) !== text) return "is not laid out as it was written";
  const same = sha256(documentText({ ...document, farm })) === record_sha256;
  return same ? null : "is not what was written: its own sha256 differs";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
