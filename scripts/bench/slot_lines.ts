import { join } from "node:path";
import { makeShards } from "../make_shards.ts";
import { DevError } from "../tools.ts";
import { type BenchLine, line } from "./measure.ts";
import type { RunBench } from "./run_lines.ts";

const SLOTS = 300;
const SHARDS = 1500;
const FIT_S = 10;
const RATE_SHARDS = 800;

/** Measures 300 slots of this machine with fits that only wait: how busy they are, and what they cost the driver. */
export async function slotLines(context: RunBench): Promise<BenchLine[]> {
  const waits = await waitingFit(context);
  const full = await watched(context, waits, SHARDS, SLOTS);
  const idle = 1 - full.fit_s / (SLOTS * full.makespan_s);
  const quick = await watched(context, context.nextstat, RATE_SHARDS, 2 * navigator.hardwareConcurrency);
  const how = `${SHARDS} shards of ${FIT_S} s on ${SLOTS} slots in ${full.makespan_s.toFixed(1)} s`;
  return [
    line("slots that wait", 100 * idle, 5, "%", how),
    line("driver of 300 slots", full.cpu_s / full.makespan_s, 1, "cores", "its own CPU time / makespan"),
    line("driver of 300 slots, memory", full.rss_mib, 200, "MiB", "largest"),
    {
      what: "shards a second",
      measured: RATE_SHARDS / quick.makespan_s,
      at_most: null,
      unit: "/s",
      how: `${RATE_SHARDS} shards of one toy; nextstat itself takes most of both cores`,
    },
  ];
}

/** Makes a nextstat that waits and then writes results made before, so that the cores are left to the driver. */
async function waitingFit({ nextstat, scratch }: RunBench): Promise<string> {
  const made = join(scratch, "made");
  await makeShards(made, SHARDS, 1);
  const path = join(scratch, "waits");
  const text = `#!/bin/sh
[ "$1" != --version ] || exec ${nextstat} "$@"
for word; do
  case $last in
  --shard) shard=\${word%/*} ;;
  --json-metrics) metrics=$word ;;
  -o) out=$word ;;
  esac
  last=$word
done
sleep ${FIT_S}
cp "${made}/shard_$shard.out.json" "$out" && exec cp "${made}/shard_$shard.metrics.json" "$metrics"
`;
  await Deno.writeTextFile(path, text, { mode: 0o755 });
  return path;
}

interface Watched {
  makespan_s: number;
  /** Sum over all fits. */
  fit_s: number;
  cpu_s: number;
  rss_mib: number;
}

async function watched(context: RunBench, nextstat: string, shards: number, slots: number): Promise<Watched> {
  const id = `slots${slots}`;
  const dir = join(context.scratch, id);
  const words = ["--config", context.config, "--n-toys", `${shards}`, "--shards", `${shards}`, "--threads", "1"];
  const child = new Deno.Command(context.binary, {
    args: ["run", ...words, "--nextstat-bin", nextstat, "--out-dir", context.scratch, "--run-id", id, "--no-check"]
      .concat(
        ["--local-slots", `${slots}`, "--json"],
      ),
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const used = { cpu_s: 0, rss_mib: 0 };
  const timer = setInterval(() => readUsage(child.pid, used), 200);
  const { code, stdout } = await child.output();
  clearInterval(timer);
  if (code !== 0) throw new DevError(`Cannot measure ${slots} slots: the run in "${dir}" ended with exit code ${code}`);
  const { collected } = JSON.parse(new TextDecoder().decode(stdout));
  return { ...used, makespan_s: collected.times.makespan_s, fit_s: await fitSeconds(dir, shards) };
}

/** Reads utime and stime of the process alone, without its children, and its peak memory (proc_pid_stat(5)). */
function readUsage(pid: number, used: { cpu_s: number; rss_mib: number }): void {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    used.cpu_s = (Number(fields[11]) + Number(fields[12])) / 100;
    const peak = /^VmHWM:\s+(\d+) kB/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
    used.rss_mib = Math.max(used.rss_mib, Number(peak ?? 0) / 1024);
  } catch {
    // it has just ended
  }
}

async function fitSeconds(dir: string, shards: number): Promise<number> {
  let sum = 0;
  for (let i = 0; i < shards; i++) {
    sum += JSON.parse(await Deno.readTextFile(join(dir, `shard_${i}.metrics.json`))).farm.wall_s;
  }
  return sum;
}
