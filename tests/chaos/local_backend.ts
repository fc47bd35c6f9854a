import { runArgs, start } from "../support/farm.ts";
import { leftovers, processesOf } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";
import { type Backend, BEHAVIOUR, fillDisk, kill, Later, taskOf, within } from "./parts.ts";
import { chaosRound } from "./round.ts";
import type { Round } from "./schedule.ts";
import { type SmallDisk, smallDisk } from "./small_disk.ts";

/** Returns the slots of this machine. */
export async function localBackend(): Promise<Backend> {
  const disk = await smallDisk();
  return { round: (seed) => localRound(disk, seed), close: disk.close };
}

async function localRound(disk: SmallDisk, seed: number): Promise<Round> {
  // A full disk must not affect the log of the replacement.
  const open = await Deno.makeTempDir();
  try {
    return await within(async (folder) => {
      const fake = await standIn(open, BEHAVIOUR);
      const { options, assertResult } = await taskOf(seed, folder, fake.path, ["--local-slots", "3"]);
      const later = new Later();
      const signalAll = async (name: Deno.Signal) => {
        for (const { pid } of await processesOf(folder)) kill(pid, name);
      };
      return await chaosRound(seed, {
        folder,
        command: runArgs(folder, options),
        ...{ assertResult, max_command_s: 300, span_ms: 5000, later },
        start: (args) => start(folder, args, { most_s: 600 }),
        fits: fake.log,
        faults: { ...fillDisk(fake.mark), ...disk.faults(later) },
        killAll: () => signalAll("SIGKILL"),
        heal: () => signalAll("SIGCONT"),
        leftovers: () => leftovers(folder),
      });
    }, `${disk.path}/nsfarm chaos `);
  } finally {
    await Deno.remove(open, { recursive: true });
  }
}
