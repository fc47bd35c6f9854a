import type { SchedulerAdapter } from "./adapter.ts";

/** The built-in schedulers; literal imports, so that the compiled binary holds them and loads only the one in use. */
export const BUILT_IN: Record<string, () => Promise<{ default: SchedulerAdapter }>> = {
  local: () => import("./local.ts"),
  ssh: () => import("./ssh.ts"),
  slurm: () => import("./slurm.ts"),
  htcondor: () => import("./htcondor.ts"),
};
