import type { Backend, SchedulerLimits } from "../../schedulers/adapter.ts";
import { runCommands } from "./drive_adapter.ts";

/** What the scheduler's probe says; empty where there is none, or it cannot be asked (a run can be rendered elsewhere). */
export async function askLimits(adapter: Backend): Promise<SchedulerLimits> {
  if (adapter.kind === "worker") return {};
  return adapter.readProbe(await runCommands(adapter, adapter.probe(Deno.env.get("USER")), "/"));
}
