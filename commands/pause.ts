import { namedShards } from "../core/format.ts";
import { quoteWord } from "../core/shell_quote.ts";
import { PILOT_PAUSE_MIN } from "../core/steering.ts";
import { pauseRun } from "../runtime/control/steer.ts";
import { byHandWords } from "../runtime/scheduler/by_hand.ts";
import { defineCommand, NO_FLAGS } from "./flags.ts";
import { adapterOf, ownRunOf } from "./run_dir_flags.ts";

export default defineCommand({
  schedulers: true,
  flags: NO_FLAGS,
  run: async ({ args, out }) => {
    const run = await ownRunOf(args, out);
    const adapter = await adapterOf(run, out);
    const { steering, held, running, by_hand } = await pauseRun(run, adapter);
    const isPilots = run.manifest.farm.pilots !== null;
    const words = [
      `paused since ${steering.paused?.at_utc}: no new fit starts, and fits that run go on`,
      ...(isPilots || adapter.kind === "worker" ? [] : [
        held.length > 0 ? `held the waiting jobs of ${namedShards(held)}` : "no job was waiting",
        ...(running.length > 0 ? [`running on to their end: ${namedShards(running)}`] : []),
      ]),
      ...(isPilots
        ? [`waiting pilots are held; one that runs ends after ${PILOT_PAUSE_MIN} minutes of the pause`]
        : []),
    ];
    if (by_hand !== null) words.push(`${byHandWords(adapter.name, by_hand)} is not held: hold it by its id`);
    out.print(words.join("\n"));
    out.document({ run_dir: run.dir, paused: steering.paused, held, running, by_hand });
    out.note(`Go on with: nsfarm-deno resume ${quoteWord(run.dir)}`);
  },
});
