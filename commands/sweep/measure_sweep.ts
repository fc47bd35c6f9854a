import { EXIT_CODES } from "../../core/errors.ts";
import { plural } from "../../core/format.ts";
import type { PointRecord, Sweep } from "../../core/schema/sweep.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { loadSweep, type OpenSweep, recordOf } from "../../runtime/sweep/load.ts";
import { type PointEvent, runPoints } from "../../runtime/sweep/run_points.ts";
import { watchingSignals } from "../../runtime/system/process.ts";
import { driveRun } from "../drive_run.ts";
import type { Output } from "../flags.ts";
import type { PointFlags } from "./sweep_flags.ts";

/** Runs the open points of a sweep, prints them, and returns the exit code of the whole sweep. */
export async function measureSweep(open: OpenSweep, flags: PointFlags, out: Output): Promise<number> {
  const { mode = null, pollS, collect, merge, force } = flags;
  return await watchingSignals(async (signals) => {
    const options = { mode, collect, merge: merge && collect, force };
    await runPoints(
      open,
      (run, adapter) => driveRun(run, adapter, signals, out, pollS),
      options,
      signals.signal,
      (event) => out.note(eventText(event)),
    );
    const code = signals.exitCode();
    if (code === null) return sweepCode(loadSweep(open.path).document);
    out.note(`interrupted: go on with nsfarm-deno sweep submit --sweep-json ${quoteWord(open.path)}`);
    return code;
  });
}

const WORDS: Record<PointEvent["what"], string> = {
  skipped: "is not rerun without --force",
  begun: "begins",
  open: "stays open",
  ran: "has run",
  done: "is done",
  failed: "FAILED",
};

function eventText({ number, of, run_id, shards, what, error }: PointEvent): string {
  return `run ${number} of ${of} (${run_id}, ${plural(shards, "shard")}) ${WORDS[what]}${
    error === null ? "" : `: ${error}`
  }`;
}

/**
 * Returns 0 where all is well; 4 where a scheduler did not answer; 5 where a point failed, or has ended without all its
 * shards; 6 where only guardrails failed.
 */
function sweepCode({ runs }: Sweep): number {
  const points = runs.map(recordOf);
  const isShort = ({ state, finished_at_utc }: PointRecord) => state === "open" && finished_at_utc !== null;
  if (points.some((point) => point.state === "failed" || isShort(point))) return EXIT_CODES.shards;
  if (points.some(({ state }) => state === "open")) return EXIT_CODES.unreachable;
  return points.some(({ state, error }) => state === "done" && error !== null)
    ? EXIT_CODES.guardrails
    : EXIT_CODES.done;
}
