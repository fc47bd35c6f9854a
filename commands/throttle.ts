import { FarmError } from "../core/errors.ts";
import { plural } from "../core/format.ts";
import { quoteWord } from "../core/shell_quote.ts";
import { throttleRun } from "../runtime/control/steer.ts";
import { defineCommand, NO_FLAGS } from "./flags.ts";
import { adapterOf, ownRunOf } from "./run_dir_flags.ts";

export default defineCommand({
  schedulers: true,
  flags: NO_FLAGS,
  run: async ({ args, out }) => {
    const most = readMost(args[1] ?? "", args[0] ?? "");
    const run = await ownRunOf(args, out);
    const adapter = await adapterOf(run, out);
    await throttleRun(run, adapter, most);
    out.print(
      most === null
        ? "no throttle: the scheduler or the slots decide how many fits run at a time"
        : `throttle: at most ${plural(most, "fit")} at a time; fits that run beyond it go on`,
    );
    out.document({ run_dir: run.dir, throttle: most });
  },
});

/** Reads `12` or `off`. @throws {FarmError} usage */
function readMost(text: string, run_dir: string): number | null {
  if (text === "off") return null;
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  const next = text === "0" ? `To start no fit at all: nsfarm-deno pause ${quoteWord(run_dir)}` : undefined;
  throw new FarmError("usage", `Cannot throttle to "${text}": wanted a number from 1 to 9999999, or off`, next);
}
