/**
 * `./dev bench`: the timings of docs/timings.md as a table; exits non-zero when a bound is missed. `./dev bench NAME`
 * measures and prints only some of them.
 */
import { join } from "node:path";
import { adapterLines, hypotestLines, mergeLines, planLines, reportLines } from "./bench/command_lines.ts";
import { type BenchLine, holds, markdownTable } from "./bench/measure.ts";
import { jobLine, localRunLine, renderLines, type RunBench, startLines } from "./bench/run_lines.ts";
import { slotLines } from "./bench/slot_lines.ts";
import { startsLines } from "./bench/starts_lines.ts";
import { slurmLines, sshLines } from "./bench/cluster_lines.ts";
import { ensureBinary } from "./building/ensure_binary.ts";
import { nextstatBin } from "./fetch_nextstat.ts";
import { makeInputs } from "./make_inputs.ts";
import { DevError, root, runMain } from "./tools.ts";

const table = join(root, "docs", "timings.md");

async function main(): Promise<number> {
  const [only] = Deno.args;
  const scratch = await Deno.makeTempDir({ prefix: "nsfarm-bench-" });
  try {
    const lines = await measureAll(scratch, only);
    const about =
      `On ${navigator.hardwareConcurrency} cores, Deno ${Deno.version.deno}. Times that are bounded by a ratio were measured against the other program in the same minutes.`;
    const text = markdownTable(lines, about);
    if (only === undefined) await writeTable(text);
    console.log(text);
    const missed = lines.filter((line) => !holds(line));
    for (const line of missed) console.error(`missed: ${line.what}`);
    return missed.length === 0 ? 0 : 1;
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

async function writeTable(text: string): Promise<void> {
  await Deno.mkdir(join(root, "docs"), { recursive: true });
  await Deno.writeTextFile(table, text);
}

/** Groups by the name that `./dev bench NAME` takes; the report is of the run that merge makes. */
const GROUPS: { [name: string]: (context: RunBench) => Promise<BenchLine[]> } = {
  merge: async (context) => [
    ...await mergeLines(context.binary, context.nextstat, context.scratch),
    ...await hypotestLines(context),
    ...await reportLines(context.binary, context.scratch),
  ],
  run: async (context) => [...await renderLines(context), await localRunLine(context)],
  start: async (context) => [...await startLines(context), await jobLine(context)],
  starts: startsLines,
  adapters: adapterLines,
  plan: planLines,
  slots: slotLines,
  ssh: sshLines,
  slurm: slurmLines,
};

async function measureAll(scratch: string, only: string | undefined): Promise<BenchLine[]> {
  const names = only === undefined ? Object.keys(GROUPS) : [only];
  if (only !== undefined && !GROUPS[only]) {
    throw new DevError(`Cannot measure "${only}": there are ${Object.keys(GROUPS).join(", ")}`);
  }
  const binary = await ensureBinary();
  const nextstat = await nextstatBin();
  const config = await makeInputs(join(scratch, "inputs"), "10k");
  const context: RunBench = { binary, nextstat, config, scratch };
  const lines: BenchLine[] = [];
  for (const name of names) lines.push(...await GROUPS[name]?.(context) ?? []);
  return lines;
}

await runMain(main);
