import { describeStatus, type StatusSummary } from "../core/describe_status.ts";
import { EXIT_CODES } from "../core/errors.ts";
import { mergedExitCode } from "../core/merge/merged_check.ts";
import { LATE_FILES_S } from "../core/shard_states.ts";
import { isFarmRun, openForStates, type Run } from "../runtime/run/load_manifest.ts";
import { findLate } from "../runtime/scheduler/submit.ts";
import { startShardReader } from "../runtime/state/done_shards.ts";
import { oldStatus } from "../runtime/state/old_status.ts";
import { inspectRun } from "../runtime/state/status.ts";
import { inspectMachine } from "../runtime/system/machine.ts";
import { endingPrograms, watchSignals } from "../runtime/system/process.ts";
import { defineCommand, defineFlags, type Output } from "./flags.ts";
import { adapterOf, anyRunOf } from "./run_dir_flags.ts";
import { watchRun } from "./watch_run.ts";

const statusFlags = defineFlags({
  watch: { type: "boolean", help: "follow the run until all jobs have ended" },
  check: { type: "boolean", help: "exit 5 unless every shard is done; 6 if a guardrail failed" },
  "file-grace-s": {
    type: "number",
    default: LATE_FILES_S,
    placeholder: "s",
    help: "seconds to wait for the files of a finished job",
  },
});

/** Time limit of a scheduler's command for a single status; --watch uses the normal limit. */
const LONGEST_ANSWER_S = 10;

export default defineCommand({
  schedulers: true,
  flags: statusFlags,
  run: async ({ args, flags, out }) => {
    // `cat` reads /proc, and a second thread opens the run, while the manifest is parsed here.
    const machine = inspectMachine();
    const reader = startShardReader(args[0] ?? "", "untouched");
    const run = anyRunOf(args, out, openForStates);
    if (!isFarmRun(run)) return reportOldRun(run, flags.check, out);
    const adapter = await adapterOf(run, out);
    const signals = watchSignals();
    try {
      const current = await endingPrograms(signals.signal, async () => {
        await findLate(run, adapter);
        return flags.watch
          ? await watchRun(run, adapter, signals.signal, out, { stream: true, grace_s: flags.fileGraceS })
          : await inspectRun(run, adapter, await machine, flags.fileGraceS, new Map(), reader);
      }, flags.watch ? Infinity : LONGEST_ANSWER_S);
      if (!flags.watch) out.document({ ...current.summary, shards: current.shards });
      out.print(describeStatus(current.summary, current.shards));
      return signals.exitCode() ?? (flags.check ? checkCode(current.summary) : EXIT_CODES.done);
    } finally {
      signals.close();
      reader?.close();
    }
  },
});

/** Prints the state of an old run by its files. It cannot be watched, since its jobs cannot be queried. */
function reportOldRun(run: Run, isChecked: boolean, out: Output): number {
  const { summary, shards } = oldStatus(run);
  out.document({ ...summary, shards });
  out.print(describeStatus(summary, shards));
  return isChecked ? checkCode(summary) : EXIT_CODES.done;
}

function checkCode({ counts, total, merged_check }: StatusSummary): number {
  return (counts.done ?? 0) < total ? EXIT_CODES.shards : mergedExitCode(merged_check);
}
