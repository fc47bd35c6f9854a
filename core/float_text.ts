/**
 * A 64-bit float as nextstat's JSON writer prints it (serde_json 1 with zmij): the shortest digits that read back
 * equal, always with a point or an exponent, an exponent from 1e16 up and below 1e-5. Seen in the program's outputs.
 */
export function floatText(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e16 || (size < 1e-5 && size > 0)) return value.toExponential();
  if (Number.isInteger(value)) return Object.is(value, -0) ? "-0.0" : `${value}.0`;
  return String(value);
}

/** A 64-bit float as Rust's `{}` prints it, in messages: shortest digits, never an exponent, no `.0`. */
export function plainText(value: number): string {
  const text = String(value);
  const [, sign = "", whole = "", rest = "", exponent = ""] = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text) ?? [];
  if (exponent === "") return Object.is(value, -0) ? "-0" : text;
  const power = Number(exponent);
  const digits = whole + rest;
  if (power < 0) return `${sign}0.${"0".repeat(-power - 1)}${digits}`;
  return sign + digits.padEnd(power + 1, "0");
}
