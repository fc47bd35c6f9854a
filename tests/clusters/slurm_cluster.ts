import { join } from "node:path";
import { useCopies } from "../support/program_copies.ts";
import { homeOf, USER } from "./as_user.ts";
import { bringUp, type Clients, clientsWith, type Cluster } from "./cluster.ts";

/** A real Slurm with two nodes, n1 and n2. */
export interface SlurmCluster extends Cluster, Clients {}

/** Starts the cluster. From then on tests use copies of programs and specs that the ordinary user can read. */
export async function bringUpSlurm(options: string[] = []): Promise<SlurmCluster> {
  const cluster = await bringUp({ kind: "slurm", nodes: ["n1", "n2"], words: () => options });
  useCopies(join(cluster.dir, "programs"));
  return { ...cluster, ...clientsWith({ SLURM_CONF: join(cluster.dir, "etc/slurm.conf"), ...homeOf(USER) }) };
}
