/** Which of the runs of `./dev test` this is: `--quick`, none of both, or `--all`. */
type Amount = "quick" | "usual" | "all";

/** The variable by which `./dev test` names it. */
const VARIABLE = "NSFARM_TEST_AMOUNT";

/**
 * Returns how many of what could go on for ever (schedules, draws, rounds) a test does in this run, and prints what is
 * left out of them: `./dev test` repeats such lines at its end.
 * @param what the words after the number, e.g. "schedules of two workers"
 */
export function amountOf(what: string, amounts: Record<Amount, number>): number {
  const value = Deno.env.get(VARIABLE);
  const amount: Amount = value === "quick" || value === "all" ? value : "usual";
  const [now, all] = [amounts[amount], amounts.all];
  if (now < all) console.log(`left out: all but ${now}${all === Infinity ? "" : ` of ${all}`} ${what}`);
  return now;
}

/**
 * Returns every so many-th of some cases, or all of them with `--all`. Where cases are rows of a table one after the other,
 * a step that has no divisor in common with a row's length takes some of each row and of each column.
 */
export function someOf<T>(what: string, cases: readonly T[], step: number): T[] {
  const some = cases.filter((_, i) => i % step === 0);
  const amount = amountOf(what, { quick: some.length, usual: some.length, all: cases.length });
  return amount === cases.length ? [...cases] : some;
}
