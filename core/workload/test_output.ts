import { firstIssue } from "../first_issue.ts";
import { HypotestMerged, HypotestOutput } from "../schema/hypotest.ts";
import * as z from "../schema/zod.ts";
import type { TestOutput } from "./hypotest_sum.ts";

/**
 * Returns k of p = (k + 1) / (n + 1), or null where p is no such fraction. nextstat divides two whole numbers, and
 * prints the digits that read back equal, so k is exact.
 */
export function countOf(p: number, n: number): number | null {
  const k = Math.round(p * (n + 1)) - 1;
  return k >= 0 && k <= n && (k + 1) / (n + 1) === p ? k : null;
}

/** Parses the output of a shard or a merged document. @throws {Error} where it is none */
export function parseTest(text: string): { output: TestOutput; entries: null } {
  const parsed = HypotestOutput.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Error(`is no output of a hypothesis test (${firstIssue(parsed.error)})`);
  return { output: read(parsed.data), entries: null };
}

/** @throws {Error} where a p-value is no fraction of its toys */
function read(document: HypotestOutput): TestOutput {
  const { n_toys, n_error, n_nonconverged } = document;
  const n = { sb: n_toys.sb - n_error.sb, b: n_toys.b - n_error.b };
  const k = { sb: kOf("clsb", document.clsb, n.sb), b: kOf("clb", document.clb, n.b) };
  const worst = ({ sb, b }: { sb: number; b: number }) => Math.max(sb, b);
  const failed = { error: worst(n_error), not: Math.min(worst(n_nonconverged), n_toys.b - worst(n_error)) };
  return {
    document,
    ...{ k, n },
    n_toys: n_toys.b,
    n_error: failed.error,
    n_nonconverged: failed.not,
    n_converged: n_toys.b - failed.error - failed.not,
    ...ofMerge(document),
  };
}

const MERGED_MEMBERS = { spread: true, asymptotic: true, fixed_auxiliary: true, ties: true } as const;

const OfMerge = z.looseObject({
  merge: z.looseObject({ farm: z.pick(HypotestMerged.shape.merge.shape.farm, MERGED_MEMBERS) }),
});

/** Returns what only a merged document has. */
function ofMerge(document: HypotestOutput): Pick<TestOutput, keyof typeof MERGED_MEMBERS> {
  const { data } = OfMerge.safeParse(document);
  return data ? data.merge.farm : { spread: { q_obs: 0, mu_hat: 0 }, asymptotic: null };
}

/** Returns whether a document is the output of a test; only those of unbinned specs name the schema of their spec. */
export function isTest(document: unknown, is_unbinned: boolean): boolean {
  const { data } = HypotestOutput.safeParse(document);
  return data !== undefined && (data.input_schema_version !== undefined) === is_unbinned;
}

function kOf(name: string, p: number, n: number): number {
  const k = n < 0 ? null : countOf(p, n);
  if (k === null) throw new Error(`has ${name} = ${p}, which is no (k + 1) / (n + 1) of its n = ${n} toys`);
  return k;
}
