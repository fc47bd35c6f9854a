import { FarmError } from "../../core/errors.ts";
import { onePathLine } from "../read_options.ts";

/**
 * A value in a submit description. Only `$` is special in one, as the beginning of a macro; `$(DOLLAR)` is that sign
 * itself (condor_submit(1), SUBMIT DESCRIPTION FILE MACROS).
 */
export const submitValue = (text: string): string => text.replaceAll("$", "$(DOLLAR)");

/** What a path may not have, since nothing quotes it (seen with condor_submit and the shadow of 23.9.6). */
const NOT_IN_PATHS: readonly [RegExp, string][] = [
  [/^\s|\s$/, "begins or ends with a blank, which HTCondor trims"],
  [/\\(\/|$)/, "has a backslash at the end of a name, which HTCondor does not keep"],
  [/\$\$/, "has $$ in it, which HTCondor puts a value in place of"],
  [/\$\(dollar\)/i, "has $(DOLLAR) in it, which HTCondor makes a dollar of, however it is written"],
];

/**
 * A path as a value by itself.
 * @throws {FarmError} usage
 */
export function submitPath(what: string, path: string): string {
  onePathLine(what, path);
  const wrong = NOT_IN_PATHS.find(([pattern]) => pattern.test(path));
  if (!wrong) return submitValue(path);
  throw new FarmError("usage", `Cannot use ${what} "${path}" with HTCondor: its path ${wrong[1]}`, "Rename it");
}

/**
 * A path in a list: commas divide it, and nothing quotes one.
 * @throws {FarmError} usage
 */
export function listedPath(what: string, path: string): string {
  if (!path.includes(",")) return submitPath(what, path);
  throw new FarmError(
    "usage",
    `Cannot send ${what} "${path}" to HTCondor's nodes: its path has a comma, which divides HTCondor's lists of files`,
    "Rename it, or use a file system that the nodes share (--mode shared)",
  );
}

/** An expression of the user's: one line, which must not go on in the next. @throws {FarmError} usage */
export function submitExpression(option: string, text: string): string {
  if (!text.trim().endsWith("\\")) return submitValue(text.trim());
  throw new FarmError(
    "usage",
    `Cannot use --${option} '${text}': wanted an expression that does not end with a backslash`,
  );
}

/** A text in a ClassAd expression (HTCondor manual, "ClassAd Syntax"). */
export const adString = (text: string): string => `"${text.replaceAll(/[\\"]/g, "\\$&")}"`;
