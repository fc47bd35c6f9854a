import assert from "node:assert/strict";
import { chmod, copyFile, cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { giveAway } from "../clusters/as_user.ts";
import { withOldGlibc } from "../clusters/old_node.ts";
import {
  assertMerged,
  jobIds,
  type SlurmFarm,
  slurmFile,
  slurmRun,
  statusWords,
  untilIdle,
} from "../clusters/slurm_farm.ts";
import { inputs, nextstat, requestArgs, runDir } from "../support/farm.ts";
import { countDone, readRecord } from "../support/run_dir.ts";

const test = slurmFile();

/** A nextstat that runs only where the site's library path and variable are set, as on a login node with its modules. */
async function siteFit({ folder }: SlurmFarm): Promise<{ path: string; env: Record<string, string>; setup: string[] }> {
  const env = { LD_LIBRARY_PATH: `${folder}/site lib`, SITE: `it's "here" $HOME %A` };
  const path = join(folder, "site-fit");
  await writeFile(join(folder, "wanted"), env.SITE);
  await writeFile(
    path,
    `#!/bin/sh
if [ "$SITE" != "$(cat '${folder}/wanted')" ] || [ "$LD_LIBRARY_PATH" != '${env.LD_LIBRARY_PATH}' ]; then
  echo "error while loading shared libraries: libsite.so.1" >&2
  exit 127
fi
exec '${nextstat()}' "$@"
`,
  );
  await chmod(path, 0o755);
  await writeFile(join(folder, "site setup.sh"), `export LD_LIBRARY_PATH='${env.LD_LIBRARY_PATH}'\n`);
  return { path, env, setup: [`. '${folder}/site setup.sh'`, `export SITE=$(cat '${folder}/wanted')`] };
}

for (const wrapper of ["binary", "sh"]) {
  test(`a nextstat that needs a library path and a variable runs with --setup (wrapper ${wrapper})`, async (farm) => {
    const site = await siteFit(farm);
    const more = [...site.setup.flatMap((line) => ["--setup", line]), "--wrapper", wrapper];
    await farm.must(slurmRun(farm, { toys: 12, shards: 3, nextstat: site.path, more }), 0, { env: site.env });
    await assertMerged(runDir(farm.folder), { toys: 12 });
  });
}

test("without --setup such a nextstat is reported as not executable there, with its own message", async (farm) => {
  const site = await siteFit(farm);
  await farm.must(slurmRun(farm, { toys: 4, shards: 2, nextstat: site.path }), 5, { env: site.env });
  const words = await statusWords(farm, runDir(farm.folder));
  assert.match(words, /2 failed of 2 shards/);
  assert.match(words, /libsite\.so\.1/);
});

test("a secret of the submitter's environment is neither in the run directory nor in a job's; --env passes a variable", async (farm) => {
  const fake = await farm.standIn(`env >"$here/environment.$shard"`);
  const secret = "hunter2-4711";
  const env = { MY_TOKEN: secret, AWS_SECRET_ACCESS_KEY: secret, SBATCH_EXPORT: "ALL", PLAIN: "it's $HOME, {{x}}" };
  const dir = await farm.render({ toys: 4, shards: 2, nextstat: fake.path, more: ["--env", "PLAIN"] });
  await farm.must(["submit", dir, "--finish"], 0, { env });
  await untilIdle(farm);
  await assertMerged(dir, { toys: 4 });
  for (const shard of [0, 1]) {
    const seen = await readFile(join(farm.folder, `environment.${shard}`), "utf8");
    assert(!seen.includes(secret), seen);
    assert(seen.includes(`PLAIN=${env.PLAIN}\n`), seen);
    assert(seen.includes("HOME=/home/farmer\n"), seen);
  }
  await farm.must(["status", dir], 0, { env });
  assert.deepEqual(await filesWith(farm.folder, secret), []);
});

async function filesWith(folder: string, text: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = await Promise.all(paths.map((path) => readFile(path, "latin1")));
  return paths.filter((_, i) => texts[i]?.includes(text));
}

const ODD = `it's "a" $HOME $(touch pwn) \`touch pwn\` %A %j %% {{run_dir}} {{{x}}} ; touch pwn # & 'b`;

for (const wrapper of ["binary", "sh"]) {
  test(`paths with blanks, quotes, $, %, {{ are used literally, and nothing is executed by them (wrapper ${wrapper})`, async (farm) => {
    const place = join(farm.folder, ODD);
    await mkdir(place);
    await copyFile(nextstat(), join(place, "next stat"));
    await cp(inputs(), join(place, "in puts"), { recursive: true });
    await giveAway(farm.folder);
    const words = { config: join(place, "in puts", "gauss_exp_10k.json"), nextstat: join(place, "next stat") };
    const request = requestArgs(farm.folder, { toys: 9, shards: 3, ...words, more: ["--wrapper", wrapper] });
    const odd = [...request, "--out-dir", join(place, "runs")];
    await farm.must(["render", "--scheduler", "slurm", ...odd]);
    const dir = join(place, "runs", "r");
    await farm.must(["submit", dir, "--finish"]);
    await untilIdle(farm);
    await assertMerged(dir, { toys: 9 });
    const logs = (await readdir(join(dir, "logs"))).sort();
    const [array, finish] = [...await jobIds(dir), ...logs.flatMap((name) => /^finish_(\d+)/.exec(name)?.[1] ?? [])];
    assert.deepEqual(logs, [`finish_${finish}.log`, ...[0, 1, 2].map((task) => `slurm_${array}_${task}.log`)]);
    assert.deepEqual((await readdir(farm.folder, { recursive: true })).filter((name) => /(^|\/)pwn$/.test(name)), []);

    await farm.must(["render", "--scheduler", "slurm", ...odd, "--run-id", "by-hand"]);
    await farm.cluster.ask("sbatch", join(place, "runs", "by-hand", "slurm_array_job.sh"));
    await untilIdle(farm);
    await farm.must(["collect", join(place, "runs", "by-hand")]);
    await farm.must(["merge", join(place, "runs", "by-hand")]);
    assert.equal(await countDone(join(place, "runs", "by-hand")), 3);
    assert.deepEqual((await readdir(farm.folder, { recursive: true })).filter((name) => /(^|\/)pwn$/.test(name)), []);
  });
}

test("an option's unusual value reaches Slurm unchanged, submitted and by hand", async (farm) => {
  const user = "a#b%j$(touch${IFS}pwn){{x}};`id`&";
  const more = [
    "--slurm-mail-user",
    user,
    "--slurm-mail-type",
    "FAIL",
    "--slurm-sbatch=--nice=7",
    "--slurm-sbatch=--begin=now+1hour",
  ];
  const dir = await farm.render({ toys: 2, shards: 1, more });
  await farm.must(["submit", dir]);
  await farm.cluster.ask("sbatch", join(dir, "slurm_array_job.sh"));
  const jobs = (await farm.cluster.ask("scontrol", "show", "job")).split("\n\n").filter((job) => job.includes(dir));
  assert.equal(jobs.length, 2);
  for (const job of jobs) {
    assert(job.includes(`MailUser=${user} `) || job.includes(`MailUser=${user}\n`), job);
    assert.match(job, / Nice=7 /);
    assert.match(job, /Requeue=0/);
  }
  await farm.must(["cancel", dir]);
});

for (
  const { words, says: message } of [
    { words: ["--slurm-partition", "main\n#SBATCH --uid=0"], says: /one line/ },
    { words: ["--slurm-account", "a b"], says: /--slurm-account/ },
    { words: ["--slurm-time", "soon"], says: /HH:MM:SS/ },
    { words: ["--slurm-sbatch=--job-name=x"], says: /sets --job-name itself/ },
    { words: ["--slurm-sbatch=--arr=0-3"], says: /sets --array itself/ },
    { words: ["--slurm-sbatch=-J x"], says: /long form/ },
    { words: ["--setup", "true\nrm -rf x"], says: /one line/ },
    { words: ["--env", "A=b"], says: /--env/ },
    { words: ["--out-dir", "a\nb"], says: /line break/ },
    { words: ["--out-dir", "a\\b"], says: /backslash/ },
    { words: ["--run-id", "x\n#SBATCH --wrap=id"], says: /first a letter/ },
  ]
) {
  test(`${JSON.stringify(words.join(" "))} is refused before anything is written`, async (farm) => {
    const before = await readdir(farm.folder);
    const request = requestArgs(farm.folder, { toys: 2, shards: 1, more: words });
    const { stderr, stdout } = await farm.must(["render", "--scheduler", "slurm", ...request], 2);
    assert.match(stderr, message);
    assert.equal(stdout, "");
    assert.deepEqual(await readdir(farm.folder), before);
  });
}

test("on a node whose glibc is too old the sh wrapper runs the shards, and status says so; other nodes run nsfarm-deno", async (farm) => {
  await withOldGlibc(farm.cluster, "n1", farm.folder, async () => {
    await farm.must(slurmRun(farm, { toys: 24, shards: 8 }));
  });
  const dir = runDir(farm.folder);
  await assertMerged(dir, { toys: 24 });
  const records = await Promise.all(Array.from({ length: 8 }, (_, shard) => readRecord(dir, shard)));
  const old = records.filter(({ host }) => host === "n1");
  assert.notDeepEqual(old, []);
  assert.deepEqual(new Set(old.map(({ wrapper, glibc }) => `${wrapper} ${glibc}`)), new Set(["sh 2.17"]));
  assert.ok(records.every(({ host, wrapper }) => wrapper === (host === "n1" ? "sh" : "binary")));
  assert.match(
    await statusWords(farm, dir),
    /^glibc older than 2\.27: n1 2\.17; the sh wrapper runs the shards there$/m,
  );
  const shard = old[0]?.shard_index;
  const log = (await readdir(join(dir, "logs"))).find((name) => name.endsWith(`_${shard}.log`)) ?? "";
  assert.match(await readFile(join(dir, "logs", log), "utf8"), /^nsfarm-deno does not start on n1 \(glibc 2\.17; it/m);
});

test("on such a node --wrapper binary fails as asked, and doctor shows why", async (farm) => {
  const more = ["--wrapper", "binary", "--slurm-exclude", "n2"];
  await withOldGlibc(farm.cluster, "n1", farm.folder, async () => {
    await farm.must(slurmRun(farm, { toys: 4, shards: 2, more }), 5);
  });
  const { stdout } = await farm.must(["doctor", runDir(farm.folder)]);
  assert.match(stdout, /GLIBC_2\.27' not found|does not start on n1/);
});
