import { join } from "node:path";
import { ShardingPlan } from "../../core/schema/plan.ts";
import { readRunFacts } from "../../runtime/state/facts.ts";
import type { BenchLine } from "./line.ts";
import { inTurn, measure } from "./measure.ts";
import { line } from "./merge_lines.ts";
import type { RunBench } from "./run_lines.ts";

const COUNTS = [2, 4, 8, 40, 200];
const PILOT = 8;

/**
 * Measures how well a plan from a pilot run of 8 shards predicts runs of other counts, and how long a large plan takes.
 */
export async function planLines(context: RunBench): Promise<BenchLine[]> {
  const { binary, nextstat, config, scratch } = context;
  const makespans = new Map<number, number>();
  for (const shards of COUNTS) {
    const request = ["--config", config, "--n-toys", "1000", "--shards", `${shards}`, "--threads", "1"];
    await measure([
      ...[binary, "run", ...request, "--nextstat-bin", nextstat],
      ...["--out-dir", scratch, "--run-id", `plan${shards}`],
    ]);
    makespans.set(shards, readRunFacts(join(scratch, `plan${shards}`)).times.makespan_s ?? NaN);
  }
  const pilot = join(scratch, `plan${PILOT}`);
  const errors = await errorsOf(binary, pilot, makespans);
  const large = [binary, "plan", "--from", pilot, "--n-toys", "1000000", "--slots", "100000"];
  const [one] = await inTurn(3, [() => measure(large)]);
  const median = errors.toSorted((a, b) => a - b)[Math.floor((errors.length - 1) / 2)] ?? NaN;
  const how = errors.map((error, i) =>
    `${COUNTS.filter((count) => count !== PILOT)[i]}: ${(100 * error).toFixed(1)} %`
  );
  return [
    line(
      "plan, median error",
      100 * median,
      10,
      "%",
      `1,000 toys, local, from the ${PILOT}-shard run; ${how.join(", ")}`,
    ),
    line("plan", one?.wall_s ?? NaN, 5, "s", "100,000 slots, 1,000,000 toys, counts from 1 to 10,000"),
  ];
}

async function errorsOf(binary: string, pilot: string, makespans: Map<number, number>): Promise<number[]> {
  const args = ["plan", "--from", pilot, "--shards-list", COUNTS.join(","), "--json"];
  const { stdout } = await new Deno.Command(binary, { args }).output();
  const { counts } = ShardingPlan.parse(JSON.parse(new TextDecoder().decode(stdout)));
  return counts.filter(({ shards }) => shards !== PILOT).map(({ shards, pulled_makespan_s }) =>
    Math.abs(pulled_makespan_s.median / (makespans.get(shards) ?? NaN) - 1)
  );
}
