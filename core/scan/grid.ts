import { FarmError } from "../errors.ts";

/** More points are a slip of the step. */
const MAX_POINTS = 1000;

/**
 * Reads the values of a parameter: `FROM:TO:STEP`, both ends included, or a list `0.5,1,2`.
 * @param least number of values
 * @param name what stands before them in the flag, such as `mu=`
 * @returns them in ascending order
 * @throws {FarmError} usage
 */
export function readGrid(flag: string, text: string, least: number, name = ""): number[] {
  const bad = (why: string) =>
    new FarmError(
      "usage",
      `Cannot use ${flag} "${name}${text}": ${why}`,
      "Give FROM:TO:STEP, like 0:3:0.25, or a list like 0.5,1,2",
    );
  const values = text.includes(":") ? stepped(text, bad) : text.split(",").map((word) => numberOf(word, bad));
  const sorted = values.toSorted((a, b) => a - b);
  const twice = sorted.find((value, i) => value === sorted[i + 1]);
  if (twice !== undefined) throw bad(`${twice} is there twice`);
  if (sorted.length < least) throw bad(`wanted at least ${least} values`);
  return sorted;
}

type Bad = (why: string) => FarmError;

function stepped(text: string, bad: Bad): number[] {
  const [from, to, step, more] = text.split(":").map((word) => numberOf(word, bad));
  if (from === undefined || to === undefined || step === undefined || more !== undefined) {
    throw bad("wanted three numbers");
  }
  const n = Math.round((to - from) / step);
  if (!(step > 0) || !(to > from)) throw bad("wanted FROM below TO, and a STEP above 0");
  if (Math.abs(from + n * step - to) > 1e-9 * Math.abs(step)) throw bad("TO is not reached by whole steps");
  if (n >= MAX_POINTS) throw bad(`it has ${n + 1} values, more than ${MAX_POINTS}`);
  // Decimal steps have no exact binary form: 12 digits give 0.3 and not 0.30000000000000004.
  return Array.from({ length: n + 1 }, (_, i) => Number((from + i * step).toPrecision(12)));
}

function numberOf(word: string, bad: Bad): number {
  const value = Number(word);
  if (word.trim() === "" || !Number.isFinite(value)) throw bad(`"${word}" is no number`);
  return value;
}
