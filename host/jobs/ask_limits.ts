import type { SchedulerAdapter, SchedulerLimits } from "../../schedulers/adapter.ts";
import { runCommands } from "./drive_adapter.ts";

/** What the scheduler's probe says; empty where it cannot be asked (a run can be rendered elsewhere). */
export async function askLimits(adapter: SchedulerAdapter): Promise<SchedulerLimits> {
  return adapter.readProbe(await runCommands(adapter, adapter.probe(Deno.env.get("USER")), "/"));
}
