import * as z from "zod/mini";
import { realNumber } from "../core/parse_flag.ts";
import { loadAdapter } from "../host/load_adapter.ts";
import { watchSignals } from "../host/stop_signals.ts";
import { waitForFiles } from "../host/wait_for_files.ts";
import type { CommandSpec } from "./command.ts";
import { finishRun } from "./finish_run.ts";
import { readFlags, runOf } from "./run_dir_flags.ts";
import { watchRun } from "./watch_run.ts";

const Flags = z.object({ wait: z._default(z.boolean(), false), fileGraceS: z.number() });

const finish: CommandSpec = {
  name: "finish",
  needs: ["read", "write", "run", "env", "sys"],
  define: (command) => {
    command
      .option("--wait", "first watch until the run's jobs have ended")
      .option(
        "--file-grace-s <s>",
        "how long files that are not there yet are waited for",
        realNumber("--file-grace-s", 0),
        120,
      );
  },
  run: async ({ args, options, out }) => {
    const flags = readFlags(Flags, options);
    const run = runOf(args, out);
    const signals = watchSignals();
    try {
      const adapter = await loadAdapter(run.manifest.scheduler);
      if (!flags.wait) await waitForFiles(run, flags.fileGraceS, signals.signal);
      const look = flags.wait ? await watchRun(run, adapter, signals.signal, out, false, flags.fileGraceS) : undefined;
      return signals.exitCode() ?? await finishRun(run, out, false, look?.shards);
    } finally {
      signals.close();
    }
  },
};
export default finish;
