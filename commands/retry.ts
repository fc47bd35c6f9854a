import { FarmError } from "../core/errors.ts";
import type { FlagValues } from "../core/flags.ts";
import type { OptionValue } from "../core/schema/manifest.ts";
import { retryRun } from "../runtime/control/retry.ts";
import type { Raised } from "../runtime/run/change_manifest.ts";
import { optionsOfNodes } from "../runtime/scheduler/adapters.ts";
import { inspectMachine } from "../runtime/system/machine.ts";
import type { Backend } from "../schedulers/adapter.ts";
import { defineCommand, defineFlags, NO_FLAGS } from "./flags.ts";
import { ACCEPT_NEXTSTAT } from "./accept_nextstat_flag.ts";
import { RECOVER_FLAG } from "./recover_run.ts";
import { defineOne, readSchedulerOptions } from "./scheduler_flags.ts";
import { END_FLAGS, MODE_FLAG, openToSubmit, orLater, submitAndWait } from "./submit.ts";

const retryFlags = defineFlags({
  "more-memory": {
    type: "string",
    bare: true,
    placeholder: "amount",
    help: "more memory for each job (default: half as much again)",
  },
  "more-time": {
    type: "string",
    bare: true,
    placeholder: "limit",
    help: "a longer time limit for each job (default: twice as long)",
  },
  ...MODE_FLAG,
  split: { type: "boolean", help: "first cut each shard in two: the same toys, half the time each" },
  ...END_FLAGS,
  ...RECOVER_FLAG,
  ...ACCEPT_NEXTSTAT,
});

export default defineCommand({
  schedulers: true,
  flags: NO_FLAGS,
  define: async (command) => {
    retryFlags.define(command);
    for (const option of await optionsOfNodes()) defineOne(command, option);
  },
  run: async ({ args, options, out }) => {
    const flags = retryFlags.read(options);
    const { run, adapter } = await openToSubmit(args, flags, out, "retry");
    const request = {
      nodes: await nodeOptions(options, adapter),
      mode: flags.mode,
      raised: moreOf(flags),
      split: flags.split,
    };
    const start = async () => await retryRun(run, adapter, await inspectMachine(), request, (line) => out.note(line));
    return await submitAndWait(adapter, orLater(run, start, flags, out), flags, out);
  },
});

/**
 * Returns the options that place the jobs from now on; waiting jobs are submitted anew with them.
 * @throws {FarmError} usage, for an option of another scheduler
 */
async function nodeOptions(
  options: Record<string, unknown>,
  adapter: Backend,
): Promise<Record<string, OptionValue>> {
  const given = readSchedulerOptions(options, { options: await optionsOfNodes() });
  const foreign = Object.keys(given).find((name) => !adapter.options.some((option) => option.name === name));
  if (foreign === undefined) return given;
  throw new FarmError("usage", `Cannot use --${foreign} here: this run uses ${adapter.name}`);
}

function moreOf({ moreMemory, moreTime }: FlagValues<typeof retryFlags.table>): Raised {
  return {
    ...(moreMemory === undefined ? {} : { memory: moreMemory }),
    ...(moreTime === undefined ? {} : { time: moreTime }),
  };
}
