import * as z from "zod/mini";
import { FarmError } from "../core/errors.ts";
import { optionsOfRole } from "../host/jobs/load_adapter.ts";
import { lookAtMachine } from "../host/machine/machine.ts";
import { requireFinish } from "../host/jobs/submit_finish.ts";
import { retryRun } from "../host/jobs/retry_run.ts";
import type { Raised } from "../host/run/raise_limits.ts";
import { defineAcceptNextstat, takeNextstat } from "./accept_nextstat_flag.ts";
import type { CommandSpec } from "./command.ts";
import { adapterOf, ownRunOf, readFlags } from "./run_dir_flags.ts";
import { oneOf } from "../core/parse_flag.ts";
import type { OptionValue } from "../core/contracts/manifest.ts";
import type { SchedulerAdapter } from "../schedulers/adapter.ts";
import { defineOne, readSchedulerOptions } from "./scheduler_flags.ts";
import { MODE_HELP, MODES, submitAndWait } from "./submit.ts";

const More = z.optional(z.union([z.string(), z.literal(true)]));
const Flags = z.object({
  wait: z._default(z.boolean(), false),
  finish: z._default(z.boolean(), false),
  split: z._default(z.boolean(), false),
  moreMemory: More,
  moreTime: More,
  mode: z.optional(z.string()),
});

const retry: CommandSpec = {
  name: "retry",
  needs: ["read", "write", "run", "env", "sys"],
  schedulers: true,
  define: async (command) => {
    command
      .option("--more-memory [amount]", "more memory for each job (default: twice as much)")
      .option("--more-time [limit]", "a longer time limit for each job (default: twice as long)")
      .option("--mode <mode>", MODE_HELP, oneOf("--mode", MODES))
      .option("--split", "cut each of them in two first: the same toys, half as long")
      .option("--finish", "also submit a job that collects and merges when the others have ended")
      .option("--wait", "watch until the run has ended, then collect and merge");
    defineAcceptNextstat(command);
    for (const option of await optionsOfRole("nodes")) defineOne(command, option);
  },
  run: async ({ args, options, out }) => {
    const flags = readFlags(Flags, options);
    const rendered = await ownRunOf(args, out);
    const adapter = await adapterOf(rendered, out);
    if (flags.finish) requireFinish(adapter);
    const run = await takeNextstat(rendered, adapter, options, out);
    const asked = {
      nodes: await nodesAsked(options, adapter),
      mode: flags.mode,
      raised: moreOf(flags),
      split: flags.split,
    };
    const start = async () => await retryRun(run, adapter, await lookAtMachine(), asked, (line) => out.note(line));
    return await submitAndWait(adapter, start, flags, out);
  },
};
export default retry;

/**
 * Where the jobs are to run from now on; those that wait are submitted anew then.
 * @throws {FarmError} usage, for an option of another scheduler
 */
async function nodesAsked(
  options: Record<string, unknown>,
  adapter: SchedulerAdapter,
): Promise<Record<string, OptionValue>> {
  const asked = readSchedulerOptions(options, { options: await optionsOfRole("nodes") });
  const foreign = Object.keys(asked).find((name) => !adapter.options.some((option) => option.name === name));
  if (foreign === undefined) return asked;
  throw new FarmError("usage", `Cannot use --${foreign} here: this is a run of ${adapter.name}`);
}

function moreOf({ moreMemory, moreTime }: z.infer<typeof Flags>): Raised {
  return {
    ...(moreMemory === undefined ? {} : { memory: moreMemory }),
    ...(moreTime === undefined ? {} : { time: moreTime }),
  };
}
