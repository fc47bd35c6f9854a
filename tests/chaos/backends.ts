import { condorBackend, gridEngineBackend, slurmBackend } from "./scheduler_backend.ts";
import { localBackend } from "./local_backend.ts";
import type { Backend } from "./parts.ts";
import { sshBackend } from "./ssh_backend.ts";

/** Backends by the names that `./dev chaos --backend` accepts. */
export const BACKENDS: Record<string, () => Promise<Backend>> = {
  local: localBackend,
  ssh: () => sshBackend(false),
  "ssh-shared": () => sshBackend(true),
  slurm: () => slurmBackend([]),
  // A live pilot must reach its heartbeat also on a machine that is busy with other tests.
  "slurm-pilots": () => slurmBackend(["--pilots", "3", "--heartbeat-s", "5"]),
  htcondor: () => condorBackend("shared"),
  "htcondor-transfer": () => condorBackend("transfer"),
  gridengine: gridEngineBackend,
};
