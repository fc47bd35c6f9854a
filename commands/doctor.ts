import { basename } from "node:path";
import { diagnose, diagnoseOld, type Diagnosis, type Issue } from "../core/advice.ts";
import { describeCounts, type StatusShard, type StatusSummary } from "../core/describe_status.ts";
import { EXIT_CODES } from "../core/errors.ts";
import { plural, shardRanges } from "../core/format.ts";
import { mergedExitCode } from "../core/merge/merged_check.ts";
import { readAttemptName } from "../core/run_paths.ts";
import type { FarmManifest } from "../core/schema/manifest.ts";
import { quoteCommand } from "../core/shell_quote.ts";
import { jobRequest, type NextFlag, nextFlags } from "../core/usage.ts";
import { isFarmRun, type Run } from "../runtime/run/load_manifest.ts";
import { remediesFor } from "../runtime/scheduler/adapters.ts";
import { readSteering } from "../runtime/run/steering.ts";
import { findLate } from "../runtime/scheduler/submit.ts";
import { openShardsOf } from "../runtime/state/logs.ts";
import { oldStatus } from "../runtime/state/old_status.ts";
import { inspectRun } from "../runtime/state/status.ts";
import { inspectMachine } from "../runtime/system/machine.ts";
import { ownCommand } from "../runtime/system/process.ts";
import { defineCommand, NO_FLAGS, type Output } from "./flags.ts";
import { makePaints, type Paints } from "./output.ts";
import { adapterOf, anyRunOf } from "./run_dir_flags.ts";

export default defineCommand({
  schedulers: true,
  flags: NO_FLAGS,
  run: async ({ args, out }) => {
    const run = anyRunOf(args, out);
    const { summary, shards, next_run, diagnosis: { troubles, next } } = isFarmRun(run)
      ? await examine(run, out)
      : examineOld(run);
    const command = next && [...ownCommand(), ...next.map((word) => word === "RUN_DIR" ? run.dir : word)];
    const paints = makePaints();
    const isPaused = next?.[0] === "resume";
    const isGoing = troubles.length === 0 && shards.some(({ state }) => state !== "done");
    out.print(paints.bold(describeCounts(summary, shards)));
    for (const line of summary.recovered) out.print(`  recovered  ${line}`);
    const isFailed = mergedExitCode(summary.merged_check) === EXIT_CODES.guardrails;
    const { findings } = summary.merged_check;
    for (const { kind, what } of findings) out.print(kind === "note" ? what : paints.red(what));
    for (const words of summary.workers) out.print(`  ${words}`);
    for (const trouble of troubles) out.print(describe(trouble, paints));
    if (isGoing && !isPaused) out.print("Nothing to do yet: shards are running or queued");
    for (const words of summary.steering) out.print(words);
    if (command) out.print(`\n${isGoing && !isPaused ? "Watch it with" : "Next"}:\n  ${quoteCommand(command)}`);
    else if (troubles.length > 0) out.print("\nFix this first; until then no command can continue the run");
    else if (isFailed && troubles.length === 0) out.print(FAILED);
    else if (findings.some(({ kind }) => kind === "fits")) {
      out.print(`All toys are merged: ${summary.merged}`);
    } else if (troubles.length === 0) {
      out.print(paints.green(`Nothing is wrong: all toys are merged into ${summary.merged}`));
    }
    printNext(next_run, out);
    const { counts: states, total, merged_check, recovered } = summary;
    out.document({
      run_dir: run.dir,
      counts: states,
      total,
      merged_check,
      recovered,
      troubles,
      next: command,
      next_run,
    });
    return isFailed ? EXIT_CODES.guardrails : EXIT_CODES.done;
  },
});

const FAILED = "All toys are merged, but they fail the guardrails. No command can fix that.";

/** Prints the flags that fit what the run used, and how they were computed. */
function printNext(next_run: readonly NextFlag[], out: Output): void {
  if (next_run.length === 0) return;
  out.print(`For the next run like this: ${next_run.map(({ flag, value }) => `${flag} ${value}`).join(" ")}`);
  for (const { flag, why } of next_run) out.print(`  ${flag}: ${why}`);
}

interface Examined {
  /** Flags that fit what a whole run used. */
  next_run: NextFlag[];
  summary: StatusSummary;
  shards: StatusShard[];
  diagnosis: Diagnosis;
}

async function examine(run: Run<FarmManifest>, out: Output): Promise<Examined> {
  const adapter = await adapterOf(run, out);
  await findLate(run, adapter);
  const { summary, shards, on_nodes, faulty } = await inspectRun(run, adapter, await inspectMachine());
  const faults = new Map(on_nodes.map(({ shard, fault }) => [shard, fault]));
  const open = openShardsOf(run, adapter, shards)
    .map((one) => ({ ...one, fault: one.fault ?? faults.get(one.shard) ?? null }));
  const remedies = remediesFor(run, adapter, faulty.map(({ node }) => node));
  return {
    next_run: summary.usage ? nextFlags(summary.usage, jobRequest(run.manifest, adapter.options)) : [],
    summary,
    shards,
    diagnosis: whilePaused(run, diagnose(open, remedies, summary.merged_check.state === "whole")),
  };
}

/** Returns a diagnosis whose next command is that of a paused run, of which nothing else is submitted. */
function whilePaused(run: Run<FarmManifest>, diagnosis: Diagnosis): Diagnosis {
  return readSteering(run)?.paused && diagnosis.next?.[0] !== "merge"
    ? { ...diagnosis, next: ["resume", "RUN_DIR"] }
    : diagnosis;
}

function examineOld(run: Run): Examined {
  const { summary, shards, open } = oldStatus(run);
  return { next_run: [], summary, shards, diagnosis: diagnoseOld(open, summary.merged_check.state === "whole") };
}

function describe({ what, advice, shards, hosts, said: printed, log, by_hand }: Issue, { red }: Paints): string {
  // Without a log, the record of the attempt shows how it ended.
  const is_record = log !== null && readAttemptName(basename(log)) !== undefined;
  const count = plural(shards.length, "shard");
  return [
    "",
    red(`${count} ${what}`),
    `  shards  ${shardRanges(shards)}`,
    ...(hosts.length > 0 ? [`  hosts   ${hosts.join(", ")}`] : []),
    ...(printed === null ? is_record ? ["  error   none recorded"] : [] : [`  error   ${printed}`]),
    ...(log === null ? [] : [`  ${is_record ? "record" : "log   "}  ${log}`]),
    `  try     ${advice}`,
    ...(by_hand === null ? [] : [`  by hand ${quoteCommand(by_hand)}`]),
  ].join("\n");
}
