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
