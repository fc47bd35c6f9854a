import { ENTRY_BREAK, type ShardOutput, type ToyArray } from "../output.ts";

/**
 * Returns a 64-bit float as nextstat's JSON writer prints it (serde_json 1 with zmij): the shortest digits that read
 * back equal, always with a point or an exponent, an exponent from 1e16 up and below 1e-5. Seen in nextstat's outputs.
 */
export function floatText(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e16 || (size < 1e-5 && size > 0)) return value.toExponential();
  if (Number.isInteger(value)) return Object.is(value, -0) ? "-0.0" : `${value}.0`;
  return String(value);
}

/** Returns a 64-bit float as Rust's `{}` prints it in messages: shortest digits, never an exponent, no `.0`. */
export function plainText(value: number): string {
  const text = String(value);
  const [, sign = "", whole = "", rest = "", exponent = ""] = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text) ?? [];
  if (exponent === "") return Object.is(value, -0) ? "-0" : text;
  const power = Number(exponent);
  const digits = whole + rest;
  if (power < 0) return `${sign}0.${"0".repeat(-power - 1)}${digits}`;
  return sign + digits.padEnd(power + 1, "0");
}

/** A number that is printed as a float (`1.0`); a plain number is printed as it is. */
export class Float {
  constructor(readonly value: number) {}
}

/** Position of a toy array's entries, which are written separately since they may be too long for one string. */
export class ArrayPlace {
  constructor(readonly name: ToyArray) {}
}

export type Json = null | boolean | number | string | Float | ArrayPlace | Json[] | { [key: string]: Json };

/** Piece of a document: text, or the position of a toy array's entries. */
export type JsonPart = string | ArrayPlace;

/** Returns a document in nextstat's layout (serde_json: two blanks, an entry a line), keys in the given order. */
export function jsonParts(document: Json): JsonPart[] {
  const parts: JsonPart[] = [];
  let text = "";
  const write = (value: Json, indent: string) => {
    if (value instanceof Float) {
      text += floatText(value.value);
    } else if (value instanceof ArrayPlace) {
      parts.push(`${text}[${ENTRY_BREAK.slice(1)}`, value);
      text = `${indent}]`;
    } else if (Array.isArray(value)) {
      writeMembers("[", value.keys(), () => "", (i) => value[i] ?? null, "]", indent);
    } else if (typeof value === "object" && value !== null) {
      const labelOf = (key: string) => `${JSON.stringify(key)}: `;
      writeMembers("{", Object.keys(value), labelOf, (key) => value[key] ?? null, "}", indent);
    } else {
      text += JSON.stringify(value);
    }
  };
  const writeMembers = <K>(
    open: string,
    keys: Iterable<K>,
    labelOf: (key: K) => string,
    of: (key: K) => Json,
    close: string,
    indent: string,
  ) => {
    const inner = `${indent}  `;
    let before = open + inner;
    for (const key of keys) {
      text += before + labelOf(key);
      write(of(key), inner);
      before = `,${inner}`;
    }
    text += before === open + inner ? open + close : indent + close;
  };
  write(document, "\n");
  return [...parts, text];
}

/** Returns numbers as floats, null as null. */
export function floats(values: readonly (number | null)[]): Json[] {
  return values.map(float);
}

export function float(value: number | null): Json {
  return value === null ? null : new Float(value);
}

/** Returns the entries of an output's array in nextstat's format, for a file with another layout. */
export function entriesText(output: ShardOutput, name: ToyArray): string {
  if (name === "converged") return output.converged.map(String).join(ENTRY_BREAK);
  return Array.from(output[name], (value) => Number.isNaN(value) ? "null" : floatText(value)).join(ENTRY_BREAK);
}
