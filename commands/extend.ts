import * as z from "zod/mini";
import { shardRanges } from "../core/describe_status.ts";
import { EXIT_CODES, FarmError } from "../core/errors.ts";
import { wholeNumber } from "../core/parse_flag.ts";
import { extendRun } from "../host/run/extend_run.ts";
import { lookAtMachine } from "../host/machine/machine.ts";
import { seedOverlap } from "../host/run/runs_beside.ts";
import { dirname } from "node:path";
import type { CommandSpec } from "./command.ts";
import { adapterOf, ownRunOf, readFlags } from "./run_dir_flags.ts";
import { submitAndWait } from "./submit.ts";

const Flags = z.object({
  nToys: z.number(),
  shards: z.optional(z.number()),
  submit: z.boolean(),
  wait: z._default(z.boolean(), false),
  finish: z._default(z.boolean(), false),
});

const extend: CommandSpec = {
  name: "extend",
  needs: ["read", "write", "run", "env", "sys"],
  schedulers: true,
  define: (command) => {
    command
      .requiredOption("--n-toys <+n>", "how many toys more, like +500", moreToys)
      .option("--shards <k>", "in how many new shards (default: as long as the run's own)", wholeNumber("--shards", 1))
      .option("--no-submit", "only add them; submit does the rest")
      .option("--finish", "also submit a job that collects and merges when the others have ended")
      .option("--wait", "watch until the run has ended, then collect and merge");
  },
  run: async ({ args, options, out }) => {
    const flags = readFlags(Flags, options);
    const run = await ownRunOf(args, out);
    const adapter = await adapterOf(run, out);
    await lookAtMachine();
    const { run: extended, shards, n_toys_before } = await extendRun(run, adapter, flags.nToys, flags.shards ?? null);
    const { n_toys, seed, config } = extended.manifest;
    const overlap = seedOverlap(run.dir, dirname(run.dir), { seed: seed + n_toys_before, n_toys: flags.nToys, config });
    if (overlap) out.note(`warning: ${overlap}`);
    out.note(
      `${n_toys_before} + ${flags.nToys} toys: shard ${shardRanges(shards)} with the seeds ${seed + n_toys_before} to ${
        seed + n_toys - 1
      }, which none of the run's toys has`,
    );
    if (flags.submit) return await submitAndWait(extended, { ended: false }, flags, out);
    out.print(extended.manifest_path);
    out.document({ manifest: extended.manifest_path, shards, n_toys });
    return EXIT_CODES.done;
  },
};
export default extend;

/** `+500`; without the sign it could be meant as the whole number of toys. */
function moreToys(text: string): number {
  if (!text.startsWith("+")) {
    throw new FarmError(
      "usage",
      `Cannot use --n-toys "${text}": wanted how many toys more, with a sign`,
      "Like --n-toys +500",
    );
  }
  return wholeNumber("--n-toys", 1)(text.slice(1));
}
