import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { asUser, giveAway, output } from "../../tests/clusters/as_user.ts";
import { whyNoCluster } from "../../tests/clusters/cluster.ts";
import { bringUpSlurm, type SlurmCluster } from "../../tests/clusters/slurm_cluster.ts";
import { leftOut, nameTestPrograms } from "./clusters.ts";
import type { BenchLine } from "./line.ts";
import { inTurn } from "./measure.ts";
import { line } from "./merge_lines.ts";
import { makespanOf } from "./run_times.ts";

/** Measures 400 toys in 40 shards on a real Slurm of two nodes: four pilots beside a job array. */
export async function slurmLines(): Promise<BenchLine[]> {
  if (whyNoCluster !== "") return leftOut("Slurm", whyNoCluster);
  await nameTestPrograms();
  const cluster = await bringUpSlurm([]);
  try {
    const site = join(cluster.dir, "site");
    await mkdir(site);
    await giveAway(site);
    let n = 0;
    const [pilots, array] = await inTurn(3, [
      () => timed(cluster, site, `pilots${n++}`, ["--pilots", "4"]),
      () => timed(cluster, site, `array${n++}`, []),
    ]);
    const how = "400 toys in 40 shards on two nodes";
    return [
      line("Slurm, 4 pilots", pilots?.wall_s ?? NaN, null, "s", how),
      line("Slurm, job array", array?.wall_s ?? NaN, null, "s", how),
    ];
  } finally {
    cluster.down();
  }
}

async function timed({ dir, env }: SlurmCluster, site: string, id: string, more: string[]) {
  const programs = join(dir, "programs");
  const config = join(programs, "inputs", "gauss_exp_10k.json");
  const words = ["--config", config, "--n-toys", "400", "--shards", "40", "--threads", "1"];
  const place = ["--nextstat-bin", join(programs, "nextstat"), "--out-dir", site, "--run-id", id, "--no-check"];
  const program = join(programs, "nsfarm-deno");
  await output(asUser(program, "run", "--scheduler", "slurm", ...words, ...place, ...more), env);
  return { wall_s: makespanOf(join(site, id)), max_rss_mib: 0 };
}
