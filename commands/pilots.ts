import { FarmError } from "../core/errors.ts";
import { plural } from "../core/format.ts";
import { changePilots } from "../runtime/control/pilots.ts";
import { inspectMachine } from "../runtime/system/machine.ts";
import { defineCommand, NO_FLAGS } from "./flags.ts";
import { adapterOf, ownRunOf } from "./run_dir_flags.ts";

export default defineCommand({
  schedulers: true,
  flags: NO_FLAGS,
  // -2 is a number here, not an option.
  define: (command) => void command.allowUnknownOption(),
  run: async ({ args, out }) => {
    const change = readChange(args[1] ?? "");
    const run = await ownRunOf(args, out);
    const adapter = await adapterOf(run, out);
    const done = await changePilots(run, adapter, await inspectMachine(), change);
    const words = [
      ...(done.added > 0
        ? [`submitted ${plural(done.added, "pilot")}: ${adapter.name} job ${done.job_ids.join(", ")}`]
        : []),
      ...(done.cancelled > 0 ? [`cancelled ${plural(done.cancelled, "waiting pilot")}`] : []),
      ...(done.leaving > 0 ? [`${plural(done.leaving, "running pilot")} end after the present fit`] : []),
    ];
    const nothing = change > 0 ? "no pilot was added: all shards are done" : "no pilot waits or runs";
    out.print(words.join("\n") || nothing);
    out.document({ run_dir: run.dir, ...done });
  },
});

const MAX_CHANGE = 10_000;

/** Reads `+3` or `-2`; without a sign, the number could mean the total. @throws {FarmError} usage */
function readChange(text: string): number {
  const change = /^[+-][1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
  if (change !== 0 && Math.abs(change) <= MAX_CHANGE) return change;
  throw new FarmError(
    "usage",
    `Cannot change the pilots by "${text}": wanted a number with a sign, ${MAX_CHANGE} at most`,
    "Like +2 for two more, -2 for two fewer",
  );
}
