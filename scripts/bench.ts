/** `./dev bench`: the timings that the README promises, as a table; exits non-zero when one is missed. */

import { join } from "node:path";
import { holds, type Line, markdownTable } from "./bench/line.ts";
import { mergeLines } from "./bench/merge_lines.ts";
import { planLines } from "./bench/plan_lines.ts";
import { reportLines } from "./bench/report_lines.ts";
import { jobLine, localRunLine, renderLine, type RunBench, startLines } from "./bench/run_lines.ts";
import { slotLines } from "./bench/slot_lines.ts";
import { ensureBinary } from "./building/ensure_binary.ts";
import { nextstatBin } from "./fetch_nextstat.ts";
import { makeInputs } from "./make_inputs.ts";
import { root } from "./tool_paths.ts";
import { runMain } from "./tools/dev_error.ts";

const table = join(root, "docs", "timings.md");

async function main(): Promise<number> {
  const scratch = await Deno.makeTempDir({ prefix: "nsfarm-bench-" });
  try {
    const lines = await measureAll(scratch);
    const about =
      `On ${navigator.hardwareConcurrency} cores, Deno ${Deno.version.deno}. Times that are bounded by a ratio were measured against the other program in the same minutes.`;
    await Deno.mkdir(join(root, "docs"), { recursive: true });
    await Deno.writeTextFile(table, markdownTable(lines, about));
    console.log(await Deno.readTextFile(table));
    const missed = lines.filter((line) => !holds(line));
    for (const line of missed) console.error(`missed: ${line.what}`);
    return missed.length === 0 ? 0 : 1;
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

async function measureAll(scratch: string): Promise<Line[]> {
  const binary = await ensureBinary();
  const nextstat = await nextstatBin();
  const config = await makeInputs(join(scratch, "inputs"), "10k");
  const bench: RunBench = { binary, nextstat, config, scratch };
  return [
    ...await mergeLines(binary, nextstat, scratch),
    ...await reportLines(binary, scratch),
    await renderLine(bench),
    await localRunLine(bench),
    ...await startLines(bench),
    await jobLine(bench),
    ...await planLines(bench),
    ...await slotLines(bench),
  ];
}

await runMain(main);
