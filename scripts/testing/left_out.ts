import type { Amount } from "./choose_tests.ts";
import { kindOf, type TestSource } from "./find_tests.ts";

/**
 * Returns the lines about tests that a run leaves out: the number of files of tests/e2e, each of tests/slow with its
 * reason, and the newest Deno.
 */
export function leftOutText(files: TestSource[], amount: Amount, isWhole: boolean): string {
  const e2e = files.filter(({ file }) => kindOf(file) === "e2e").length;
  const slow = files.filter(({ file }) => kindOf(file) === "slow");
  const lines = [
    ...(e2e > 0 ? [`left out the ${e2e} files of tests/e2e; run them by ./dev test`] : []),
    ...slow.map(({ file, slow }) => `left out ${file}: ${slow || "slow"}; run it by ./dev test --all`),
    ...(isWhole && amount !== "all"
      ? ["left out the unit tests on the newest Deno; run them by ./dev test --all"]
      : []),
  ];
  return lines.map((line) => `${line}\n`).join("");
}
