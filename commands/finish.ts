import type { StatusShard } from "../core/describe_status.ts";
import { EXIT_CODES } from "../core/errors.ts";
import type { FarmManifest } from "../core/schema/manifest.ts";
import { isEnded, isWaiting, LATE_FILES_S, NOT_SUBMITTED } from "../core/shard_states.ts";
import type { Run } from "../runtime/run/load_manifest.ts";
import { ownSubmissions } from "../runtime/run/submissions.ts";
import { inspectRun, type RunStatus, waitForFiles } from "../runtime/state/status.ts";
import { inspectMachine } from "../runtime/system/machine.ts";
import { watchingSignals } from "../runtime/system/process.ts";
import type { Backend } from "../schedulers/adapter.ts";
import { finishRun } from "./drive_run.ts";
import { defineCommand, defineFlags } from "./flags.ts";
import { driveRecovering, recoverInJob } from "./recover_run.ts";
import { adapterOf, runOf } from "./run_dir_flags.ts";
import { watchRun } from "./watch_run.ts";

const finishFlags = defineFlags({
  wait: { type: "boolean", help: "first wait until the run's jobs have ended" },
  "file-grace-s": {
    type: "number",
    default: LATE_FILES_S,
    placeholder: "s",
    help: "seconds to wait for files that have not arrived yet",
  },
});

export default defineCommand({
  schedulers: true,
  flags: finishFlags,
  run: async ({ args, flags, out }) => {
    const run = runOf(args, out);
    return await watchingSignals(async (signals) => {
      const adapter = await adapterOf(run, out);
      const { recover } = run.manifest.farm;
      if (recover !== undefined && flags.wait) {
        const states = await driveRecovering(run, adapter, signals, out, { most: recover, by_hand: false });
        return signals.exitCode() ?? await finishRun(run, out, false, states);
      }
      const status = flags.wait
        ? await watchRun(run, adapter, signals.signal, out, { grace_s: flags.fileGraceS })
        : await inspectAtEnd(run, adapter, flags.fileGraceS, signals.signal);
      const is_handed_on = recover !== undefined && status.progress.done < status.progress.total &&
        await recoverInJob(run, adapter, signals, out, recover);
      if (is_handed_on) return signals.exitCode() ?? EXIT_CODES.done;
      return signals.exitCode() ?? await finishRun(run, out, false, status.reached ? status.shards : []);
    });
  },
});

/**
 * Returns the state of a run whose jobs have ended: only files are awaited, none of a job that failed or still waits, and
 * of shards that were not submitted only where others were begun without a submission, by hand or by `work`.
 */
async function inspectAtEnd(
  run: Run<FarmManifest>,
  adapter: Backend,
  grace_s: number,
  stop: AbortSignal,
): Promise<RunStatus> {
  const machine = await inspectMachine();
  const { shards } = await inspectRun(run, adapter, machine, grace_s);
  const given = new Set(ownSubmissions(run).flatMap((one) => one.shards));
  const isLeft = ({ shard, state, why }: StatusShard) =>
    state === "queued" && why === NOT_SUBMITTED && !given.has(shard);
  // Where others began without a submission, the files of these may be on their way too.
  const isNobodys = shards.every((one) => given.has(one.shard) || isLeft(one));
  // A worker loop may have ended since it took a shard; why is "" for a shard that one may take.
  const isInQueue = ({ shard, state, why }: StatusShard) =>
    adapter.kind !== "worker" && isWaiting(state) && why !== NOT_SUBMITTED && (why !== "" || given.has(shard));
  const isOver = (one: StatusShard) => isEnded(one.state) || isInQueue(one) || (isNobodys && isLeft(one));
  const over = shards.flatMap((one) => isOver(one) ? one.shard : []);
  await waitForFiles(run, grace_s, stop, new Set(over));
  return await inspectRun(run, adapter, machine, 0);
}
