import type { ProcessId } from "../../../core/schema/attempt.ts";
import { bootId, startTicks } from "../../../runtime/system/proc.ts";

/** A real process that lives until it is ended. */
interface Child {
  id: ProcessId;
  end(): Promise<void>;
}

/** Starts a process that sleeps, with these words among its arguments. */
export async function sleepingChild(words: string[] = []): Promise<Child> {
  const child = new Deno.Command("sh", { args: ["-c", "sleep 600 & wait", ...words], detached: true }).spawn();
  const start_ticks = (await startTicks([child.pid])).get(child.pid) ?? "gone";
  const id = { host: Deno.hostname(), boot_id: await bootId(), pid: child.pid, start_ticks };
  return {
    id,
    end: async () => {
      Deno.kill(-child.pid, "SIGKILL");
      await child.status;
    },
  };
}
