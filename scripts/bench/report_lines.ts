import { join } from "node:path";
import type { BenchLine } from "./line.ts";
import { inTurn, measure } from "./measure.ts";
import { line } from "./merge_lines.ts";

/** Measures the report of the run that mergeLines made: 10,000 shards of 100 toys. */
export async function reportLines(binary: string, scratch: string): Promise<BenchLine[]> {
  const out = join(scratch, "report.html");
  const [report] = await inTurn(3, [() => measure([binary, "report", join(scratch, "shards10000"), "--out", out])]);
  const how = "10,000 shards × 100 toys";
  return [
    line("report", report?.wall_s ?? NaN, 3, "s", how),
    line("report, size", (await Deno.stat(out)).size / 1e6, 5, "MB", how),
  ];
}
