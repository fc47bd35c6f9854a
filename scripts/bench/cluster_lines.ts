import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { asUser, giveAway, output } from "../../tests/clusters/as_user.ts";
import { whyNoCluster } from "../../tests/clusters/cluster.ts";
import { bringUpSlurm, type SlurmCluster } from "../../tests/clusters/slurm_cluster.ts";
import { bringUpSsh, type SshHosts } from "../../tests/clusters/ssh_hosts.ts";
import { waitingFit } from "../../tests/fixtures/waiting_fit.ts";
import { nameTestPrograms } from "../testing/test_environment.ts";
import { type BenchLine, inTurn, leftOut, line } from "./measure.ts";
import { joblogMakespan, makespanOf, ratesOf } from "./run_lines.ts";

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

const HOSTS = ["w1", "w2", "w3"];
const SLOTS = 2;
const TOYS = 480;
const SHARDS = 60;
const WAITS = { ms_a_toy: 100, slow: { host: "w3", times: 3 } };

/**
 * Measures three real sshd, one of them a third as fast: pulled shards, one share per host, and GNU parallel over the
 * same hosts.
 */
export async function sshLines(): Promise<BenchLine[]> {
  if (whyNoCluster !== "") return leftOut("hosts behind ssh", whyNoCluster);
  await nameTestPrograms();
  const hosts = await bringUpSsh(HOSTS.length, false);
  try {
    return await measureOn(new SshBench(hosts));
  } finally {
    hosts.down();
  }
}

async function measureOn(farm: SshBench): Promise<BenchLine[]> {
  await farm.prepare();
  const hasParallel =
    new Deno.Command("sh", { args: ["-c", "command -v parallel"], stdout: "null" }).outputSync().success;
  const rivals = hasParallel
    ? [() => farm.parallel()]
    : leftOut("GNU parallel", "Debian's package parallel is not here");
  const [pull, parallel] = await inTurn(3, [() => farm.run(), ...rivals]);
  const shares = await farm.run(true);
  const ideal_s = TOYS / farm.toysPerSecond();
  const words = (wall_s = NaN) => `${wall_s.toFixed(2)} s; ideal ${ideal_s.toFixed(2)} s`;
  const how = `${TOYS} toys that wait in ${SHARDS} shards, one of three hosts a third as fast: `;
  const ratio = (wall_s = NaN) => wall_s / ideal_s;
  return [
    line("ssh hosts, makespan / ideal", ratio(pull?.wall_s), 1.08, "×", how + words(pull?.wall_s)),
    line("ssh hosts, --static", ratio(shares.wall_s), null, "×", `once: ${words(shares.wall_s)}`),
    ...(parallel ? [line("ssh hosts, GNU parallel", ratio(parallel.wall_s), null, "×", words(parallel.wall_s))] : []),
  ];
}

/** The three methods over the same hosts, as the ordinary user. */
class SshBench {
  readonly #pulled: string[] = [];
  #n = 0;

  constructor(readonly hosts: SshHosts) {}

  async prepare(): Promise<void> {
    await writeFile(this.#hostsFile, `${HOSTS.join("\n")}\n`);
    await writeFile(this.#program, waitingFit(join(this.hosts.open, "nextstat"), WAITS), { mode: 0o755 });
    // GNU parallel need not send files: its hosts see the files of this machine.
    await cp(join(this.hosts.site, "programs", "inputs"), join(this.hosts.open, "inputs"), { recursive: true });
    await giveAway(this.hosts.open);
    await giveAway(this.hosts.site);
  }

  get #hostsFile(): string {
    return join(this.hosts.open, "hosts");
  }

  get #program(): string {
    return join(this.hosts.open, "waits");
  }

  get #config(): string {
    return join(this.hosts.open, "inputs", "gauss_exp_10k.json");
  }

  async run(isStatic = false) {
    const id = `ssh${this.#n++}`;
    const words = ["--config", this.#config, "--n-toys", `${TOYS}`];
    const place = ["--nextstat-bin", this.#program, "--out-dir", this.hosts.site, "--run-id", id, "--no-check"];
    const ssh = ["--scheduler", "ssh", "--hosts-file", this.#hostsFile, "--ssh-config", this.hosts.config];
    const split = isStatic ? ["--static", "--threads", "physical"] : ["--shards", `${SHARDS}`, "--threads", "1"];
    const program = join(this.hosts.site, "programs", "nsfarm-deno");
    await this.#asUser(program, "run", ...ssh, ...words, ...place, ...split);
    const dir = join(this.hosts.site, id);
    if (!isStatic) this.#pulled.push(dir);
    return { wall_s: makespanOf(dir), max_rss_mib: 0 };
  }

  async parallel() {
    const dir = join(this.hosts.open, `parallel${this.#n++}`);
    await this.#asUser("mkdir", dir);
    const logins = HOSTS.flatMap((host) => ["-S", `${SLOTS}/ssh -F ${this.hosts.config} ${host}`]);
    const fit = [this.#program, "unbinned-fit-toys", "--config", this.#config, "--n-toys", `${TOYS}`, "--seed", "42"];
    const files = ["--json-metrics", `${dir}/m{}.json`, "-o", `${dir}/o{}.json`];
    const log = join(dir, "joblog");
    const shards = Array.from({ length: SHARDS }, (_, i) => `${i}`);
    const options = ["--will-cite", ...logins, "--joblog", log];
    await this.#asUser(
      "parallel",
      ...options,
      ...fit,
      "--threads",
      "1",
      "--shard",
      `{}/${SHARDS}`,
      ...files,
      ":::",
      ...shards,
    );
    return { wall_s: joblogMakespan(await readFile(log, "utf8")), max_rss_mib: 0 };
  }

  #asUser(...words: string[]): Promise<string> {
    return output(asUser(...words), { HOME: "/home/farmer", USER: "farmer", LOGNAME: "farmer" });
  }

  /** Returns the throughput of all hosts together, from the fits of the pulled runs. */
  toysPerSecond(): number {
    return SLOTS * ratesOf(this.#pulled).reduce((sum, rate) => sum + rate, 0);
  }
}
