import { EXIT_CODES } from "../core/errors.ts";
import { askWorkers, stopWorker } from "../host/work/background_worker.ts";
import { cancelRun } from "../host/jobs/cancel_run.ts";
import type { CommandSpec } from "./command.ts";
import { adapterOf, runOf } from "./run_dir_flags.ts";

const cancel: CommandSpec = {
  name: "cancel",
  needs: ["read", "write", "run", "env", "sys"],
  schedulers: true,
  define: () => {},
  run: async ({ args, out }) => {
    const run = runOf(args, out);
    const adapter = await adapterOf(run, out);
    const cancelled = await cancelRun(run, adapter);
    const workers = (await askWorkers(run)).length > 0 ? await stopWorker(run, null) : [];
    const words = [
      ...cancelled.map((handle) => `cancelled ${adapter.name} job ${handle.job_id}`),
      ...workers.map((worker) => `stopped worker loop ${worker.process.pid}`),
    ];
    out.print(words.join("\n") || "nothing of this run is running or queued");
    out.document({
      cancelled: cancelled.map(({ job_id, token }) => ({ job_id, token })),
      workers: workers.map((one) => one.process.pid),
    });
    out.note("Finished shards stay; nsfarm-deno retry goes on with the others");
    return EXIT_CODES.done;
  },
};
export default cancel;
