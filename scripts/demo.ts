/** `./dev demo`: one whole run on this machine, without preparation. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { quoteCommand } from "../core/shell_quote.ts";
import { ensureBinary } from "./building/ensure_binary.ts";
import { nextstatBin } from "./fetch_nextstat.ts";
import { isSpecSize, makeInputs, type SpecSize } from "./make_inputs.ts";
import { demoDir, DevError, runHere, runMain } from "./tools.ts";

const plans = { "10k": { toys: 2000, shards: 40 }, "2m": { toys: 24, shards: 8 } };
const runsDir = join(demoDir, "runs");

async function main(): Promise<number> {
  const size = readSize(Deno.args);
  const [binary, nextstat] = [await ensureBinary(), await nextstatBin()];
  const spec = await makeInputs(join(demoDir, "inputs"), size);
  const args = runArgs(spec, size, nextstat);
  console.error(`$ ${quoteCommand([binary, ...args])}\n`);
  const begin = Date.now();
  const code = await runHere(binary, args);
  console.error(`\n${await whatIsWhere(binary, spec, begin)}`);
  return code;
}

function readSize(args: string[]): SpecSize {
  const size = specOption(args);
  if (isSpecSize(size)) return size;
  throw new DevError(`Cannot run the demo with --spec "${size}": wanted 10k or 2m`);
}

function specOption(args: string[]): string {
  try {
    return parseArgs({ args, options: { spec: { type: "string", default: "10k" } } }).values.spec;
  } catch (error) {
    throw new DevError(`Cannot run the demo: ${error instanceof Error ? error.message : error}; see ./dev help`);
  }
}

function runArgs(spec: string, size: SpecSize, nextstat: string): string[] {
  const { toys, shards } = plans[size];
  return [
    ...["run", "--config", spec, "--n-toys", `${toys}`, "--shards", `${shards}`, "--threads", "1"],
    ...["--scheduler", "local", "--nextstat-bin", nextstat, "--out-dir", runsDir],
  ];
}

async function whatIsWhere(binary: string, spec: string, begin: number): Promise<string> {
  const run = await newestRun(begin);
  const lines = [`program  ${binary}`, `spec     ${spec}`];
  if (run !== undefined) {
    const command = (name: string) => quoteCommand([binary, name, run]);
    lines.push(`run      ${run}`, "", `A page with figures: ${command("report")}`, `Its state: ${command("status")}`);
  }
  return lines.join("\n");
}

/** Returns the run directory that this demo made; undefined where `run` ended before it made one. */
async function newestRun(begin: number): Promise<string | undefined> {
  const names = await readdir(runsDir).catch(() => []);
  const runs = await Promise.all(names.map(async (name) => {
    const path = join(runsDir, name);
    return { path, changed: (await stat(path)).mtimeMs };
  }));
  return runs.filter((run) => run.changed >= begin).sort((a, b) => a.changed - b.changed).at(-1)?.path;
}

await runMain(main);
