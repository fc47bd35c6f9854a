import { livePlans } from "../core/check_manifest.ts";
import { EXIT_CODES, FarmError } from "../core/errors.ts";
import { FAILURES } from "../core/failure.ts";
import { wholeNumber } from "../core/flags.ts";
import { openSandbox, runJob, runSandbox } from "../runtime/shard/job.ts";
import { watchSignals } from "../runtime/system/process.ts";
import { defineCommand, defineFlags } from "./flags.ts";
import { runOf, withCopyToken } from "./run_dir_flags.ts";

const jobFlags = defineFlags({
  token: { type: "string", placeholder: "hex", help: "token of the submission that this job belongs to" },
  sandbox: { type: "boolean", help: "RUN_DIR is a sandbox; leave the results in its incoming/" },
});

export default defineCommand({
  flags: jobFlags,
  run: async ({ args, flags: { token = null, sandbox }, out }) => {
    const run = sandbox ? openSandbox(args[0] ?? "") : await withCopyToken(runOf(args, out), out);
    const shards = args.slice(1).map(wholeNumber("SHARD", 0));
    const plans = shards.map((shard) => {
      const plan = livePlans(run.manifest).find((one) => one.shard_index === shard);
      if (plan) return plan;
      throw new FarmError(
        "usage",
        `Cannot run shard ${shard} of "${run.dir}": wanted one of its ${run.manifest.plans.length} shards that was not cut`,
      );
    });
    const signals = watchSignals(["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"]);
    const ends = await (sandbox ? runSandbox : runJob)(run, plans, token, signals.signal);
    signals.close();
    for (const { shard, cause, note } of ends) {
      out.print(`shard ${shard}: ${cause === "ok" ? "done" : FAILURES[cause].words}${note ? ` (${note})` : ""}`);
    }
    out.document({ shards: ends });
    const failed = ends.some((end) => end.cause !== "ok");
    return signals.exitCode() ?? (failed || ends.length < plans.length ? EXIT_CODES.shards : EXIT_CODES.done);
  },
});
