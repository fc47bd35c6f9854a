import type { PoolSnapshot } from "../../core/contracts/sweep.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { runCommands } from "../jobs/drive_adapter.ts";
import { loadAverage } from "../machine/machine.ts";
import { uptime_s } from "../machine/uptime.ts";

/** So much of each program's text is kept. */
const KEPT_CHARACTERS = 16_384;

/** How busy this machine and the scheduler's pool are now. What cannot be asked is left open, never an error. */
export async function takeSnapshot(adapter: Backend): Promise<PoolSnapshot> {
  const at_utc = new Date().toISOString();
  const results = adapter.kind === "worker" ? [] : await runCommands(adapter, adapter.pool?.() ?? [], "/");
  const is_told = results.length > 0 && results.every((result) => result.exit_code === 0);
  return {
    at_utc,
    host: Deno.hostname(),
    load_average: loadAverage(),
    uptime_s: uptime_s(),
    nodes: is_told ? adapter.readPool?.(results) ?? null : null,
    texts: results.map((result) => (result.spawn_error ?? (result.stdout || result.stderr)).slice(0, KEPT_CHARACTERS)),
  };
}
