import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { causeOfJob, jobFilesFault, jobRecord, readJobFacts } from "../../core/job_txt.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { InJob } from "../../core/schema/scheduler.ts";
import { ShardRecord } from "../../core/schema/shard_record.ts";
import { cutShards } from "../../core/toys.ts";
import { HTCONDOR_IN_JOB, SLURM_IN_JOB } from "../../schedulers/in_job.ts";
import { renderJobWrapper } from "../../schedulers/job_wrapper.ts";
import type { Options } from "../../schedulers/options.ts";
import { exampleContext, exampleManifest, RUN_TOKEN, TOKEN } from "../fixtures/context.ts";
import { assertGolden } from "../support/golden.ts";
import { whyNotInstalled } from "../support/packages.ts";
import { runSh, shells } from "./support/run_sh.ts";

const sum = (text: string | Uint8Array): string => createHash("sha256").update(text).digest("hex");

interface Job {
  in_job?: InJob;
  folder: string;
  manifest: FarmManifest;
  options: Options;
  shell: string;
}

/** Runs a test in a folder with an awkward name, for each shell of this machine. */
function inEachShell(name: string, work: (job: Job) => void): void {
  for (const shell of shells()) {
    Deno.test(`job_wrapper.sh, ${shell}: ${name}`, () => {
      const parent = Deno.makeTempDirSync();
      try {
        const folder = join(parent, "it's a $run %d {{x}}");
        Deno.mkdirSync(folder);
        const manifest = exampleManifest(4, { wrapper: "sh" });
        manifest.run_dir = folder;
        manifest.config = join(parent, "spec of 'mine'.json");
        manifest.farm.staged_config = `inputs/${basename(manifest.config)}`;
        Deno.writeTextFileSync(manifest.config, "{}\n");
        manifest.farm.inputs = [{ path: basename(manifest.config), bytes: 3, sha256: sum("{}\n") }];
        work({ folder, manifest, options: {}, shell });
      } finally {
        Deno.removeSync(parent, { recursive: true });
      }
    });
  }
}

/** A stand-in for nextstat: $OUT, $METRICS and $ALL are its outputs' names and all of its arguments. */
function standIn({ manifest, folder }: Job, body: string): void {
  manifest.nextstat_bin = join(folder, "..", "next stat");
  const script = `#!/bin/sh
[ "$1" = --version ] && echo "nextstat 0.10.1" && exit 0
ALL="$*" OUT= METRICS=
while [ $# -gt 0 ]; do
  case $1 in -o) OUT=$2 ;; --json-metrics) METRICS=$2 ;; esac
  shift
done
${body}
`;
  Deno.writeTextFileSync(manifest.nextstat_bin, script, { mode: 0o755 });
  manifest.farm.nextstat_sha256 = sum(script);
}

const GOOD = `echo '{"x":1}' >"$OUT"; echo '{"m":1}' >"$METRICS"`;

function runWrapper(job: Job, args: string[], env: Record<string, string> = {}, cwd = job.folder) {
  const { text } = renderJobWrapper(
    exampleContext(job.manifest, { options: job.options }),
    "htcondor",
    job.in_job ?? HTCONDOR_IN_JOB,
  );
  return runSh(text, { shell: job.shell, args, env, cwd });
}

const listed = (folder: string): string[] => {
  try {
    return [...Deno.readDirSync(join(folder, "incoming"))].map(({ name }) => name).sort();
  } catch {
    return [];
  }
};

/** The facts of each attempt that was left, and the names of its files, with ATTEMPT for its own name. */
function left(folder: string) {
  const names = listed(folder);
  return names.filter((name) => name.endsWith(".job.txt")).map((name) => {
    const stem = name.slice(0, -".job.txt".length);
    const attempt = stem.slice(stem.indexOf(".") + 1);
    const facts = readJobFacts(Deno.readTextFileSync(join(folder, "incoming", name)));
    assert.ok(facts, `${name} is no job.txt`);
    assert.equal(facts.values.get("attempt"), attempt);
    return { facts, files: names.filter((one) => one.startsWith(stem)).map((one) => one.replace(attempt, "ATTEMPT")) };
  });
}

Deno.test("golden: the sh wrapper of a run with a cut shard, a container and setup lines", () => {
  const manifest = cutShards(
    exampleManifest(4, { wrapper: "sh", set: { mu: 1.5 }, pulls: true }),
    [2],
    "2026-11-24T19:00:00Z",
  );
  const options = { setup: ["module load gcc"], container: "/images/fit.sif" };
  assertGolden(
    "job_wrapper.sh",
    renderJobWrapper(exampleContext(manifest, { options }), "htcondor", HTCONDOR_IN_JOB).text,
  );
});

inEachShell("leaves output, metrics and facts of each shard, and nothing else", (job) => {
  standIn(job, `${GOOD}; echo hello; echo "$ALL" >&2`);
  const { code, stderr } = runWrapper(job, ["shared", "1+3", "77", "5", `nsfarm-${TOKEN}`]);
  assert.deepEqual([code, stderr], [0, ""]);
  const attempts = left(job.folder);
  assert.deepEqual(attempts.map(({ facts }) => facts.values.get("shard")), ["1", "3"]);
  const kinds = ["job.txt", "metrics.json", "out.json", "stderr", "stdout"];
  assert.deepEqual(attempts[1]?.files, kinds.map((kind) => `shard_3.ATTEMPT.${kind}`));
  assert.equal(listed(job.folder).length, 10);
  const { ended, values, environment, stderr: printed } = attempts[0]?.facts ?? { ended: false };
  assert.equal(ended, true);
  for (
    const [key, wanted] of [
      ["run_token", RUN_TOKEN],
      ["scheduler", "htcondor"],
      ["place", "shared"],
      ["job_id", "77"],
      ["task_id", "5"],
      ["submission_token", TOKEN],
      ["exit_code", "0"],
      ["stopped", ""],
      ["threads", "1"],
      ["nextstat_version", "nextstat 0.10.1"],
      ["out_bytes", "8"],
    ]
  ) assert.equal(values?.get(key ?? ""), wanted, key);
  assert.match(values?.get("out_sha256") ?? "", /^[0-9a-f]{64}$/);
  assert.match(values?.get("input_sha256.0") ?? "", /^[0-9a-f]{64}$/);
  assert.match(values?.get("host") ?? "", /./);
  assert.equal(environment?.["NSFARM_CONDOR_CLUSTER"], "77");
  assert.match(printed?.[0] ?? "", /--n-toys 20 --seed 42 --shard 1\/4 --threads 1 --gen init --json-metrics/);
});

inEachShell("its facts make a record that keeps the contract", (job) => {
  standIn(job, GOOD);
  runWrapper(job, ["shared", "2", "77", "5", TOKEN]);
  const facts = left(job.folder)[0]?.facts;
  const plan = job.manifest.plans[2];
  assert.ok(facts && plan);
  assert.equal(causeOfJob(facts), "ok");
  const record = ShardRecord.parse(jobRecord(job.manifest, plan, 1, facts, "ok", [HTCONDOR_IN_JOB]));
  assert.equal(record.nextstat_version, "0.10.1");
  assert.ok((record.wall_s ?? -1) >= 0 && (record.memory_bytes ?? 0) > 0 && (record.cpus_logical ?? 0) > 0);
  assert.ok(Math.abs(Date.parse(record.started_at_utc) - Date.now()) < 60_000);
});

/** Makes a locale with a decimal comma in a folder; returns the variables by which programs use it. */
function commaLocale(folder: string): Record<string, string> {
  const made = () =>
    new Deno.Command("localedef", { args: ["-i", "de_DE", "-f", "UTF-8", join(folder, "de_DE.UTF-8")] }).outputSync();
  if (!made().success) assert.equal(whyNotInstalled("locales"), "");
  assert.ok(made().success);
  return { LOCPATH: folder, LC_ALL: "de_DE.UTF-8" };
}

inEachShell("the CPU time of a fit is in its facts where numbers are written with a comma", (job) => {
  standIn(job, `i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done; ${GOOD}`);
  runWrapper(job, ["shared", "0"], commaLocale(join(job.folder, "..")));
  const values = left(job.folder)[0]?.facts.values;
  const cpu_s = Number(values?.get("cpu_user_s")) + Number(values?.get("cpu_system_s"));
  assert.ok(cpu_s > 0.02 && cpu_s < 60, `${values?.get("cpu_user_s")} and ${values?.get("cpu_system_s")}`);
});

inEachShell("an error leaves its exit code and the end of what was said, and no half output", (job) => {
  standIn(job, `echo half >"$OUT"; i=0; while [ $i -lt 30 ]; do i=$((i + 1)); echo "line $i" >&2; done; exit 3`);
  const { code } = runWrapper(job, ["shared", "0", "77", "0", TOKEN]);
  assert.equal(code, 5);
  const [attempt] = left(job.folder);
  assert.deepEqual(attempt?.files, ["shard_0.ATTEMPT.job.txt", "shard_0.ATTEMPT.stderr"]);
  assert.equal(attempt?.facts.values.get("exit_code"), "3");
  assert.deepEqual([attempt?.facts.stderr.length, attempt?.facts.stderr.at(-1)], [20, "line 30"]);
  assert.equal(attempt && causeOfJob(attempt.facts), "exit");
});

inEachShell("one shard that fails does not keep the next ones from running", (job) => {
  standIn(job, `case $ALL in *"--shard 0/"*) exit 3 ;; esac; ${GOOD}`);
  assert.equal(runWrapper(job, ["shared", "0+1+2"]).code, 5);
  assert.deepEqual(left(job.folder).map(({ facts }) => facts.values.get("exit_code")), ["3", "0", "0"]);
});

inEachShell("a killed fit leaves the signal", (job) => {
  standIn(job, "kill -9 $$");
  runWrapper(job, ["shared", "0"]);
  const [attempt] = left(job.folder);
  assert.deepEqual([attempt?.facts.values.get("signal"), attempt?.facts.ended], ["SIGKILL", true]);
  assert.equal(attempt && causeOfJob(attempt.facts), "signal");
});

inEachShell("a SIGTERM is passed on, its end is told, and no further shard is begun", (job) => {
  standIn(job, `kill -TERM $PPID; sleep 20; ${GOOD}`);
  const { code } = runWrapper(job, ["shared", "0+1"]);
  assert.equal(code, 143);
  const attempts = left(job.folder);
  assert.equal(attempts.length, 1);
  assert.deepEqual(
    ["stopped", "signal"].map((key) => attempts[0]?.facts.values.get(key)),
    ["SIGTERM", "SIGTERM"],
  );
  assert.equal(attempts[0] && causeOfJob(attempts[0].facts), "terminated");
});

inEachShell("a fit that ends well although it was told to stop is kept", (job) => {
  standIn(job, `trap "" TERM; kill -TERM $PPID; sleep 0.2; ${GOOD}`);
  runWrapper(job, ["shared", "0"]);
  const [attempt] = left(job.folder);
  assert.equal(attempt?.facts.values.get("exit_code"), "0");
  assert.ok(attempt?.files.includes("shard_0.ATTEMPT.out.json"));
});

inEachShell("a wrapper that is killed leaves facts without an end", (job) => {
  standIn(job, `kill -9 $PPID`);
  runWrapper(job, ["shared", "0", "77", "3", TOKEN]);
  const [attempt] = left(job.folder);
  assert.equal(attempt?.facts.ended, false);
  assert.deepEqual(["job_id", "task_id"].map((key) => attempt?.facts.values.get(key)), ["77", "3"]);
  assert.match(attempt?.facts.values.get("start_ticks") ?? "", /^\d+$/);
});

inEachShell("a nextstat that is not there, or lacks a library, is a fit that could not be started", (job) => {
  job.manifest.nextstat_bin = "/nowhere/nextstat";
  runWrapper(job, ["shared", "0"]);
  const [attempt] = left(job.folder);
  assert.equal(attempt && causeOfJob(attempt.facts), "spawn");
  assert.match(attempt?.facts.stderr[0] ?? "", /\/nowhere\/nextstat/);
});

inEachShell("in a sandbox it takes what was sent there, and makes the folder that is sent back", (job) => {
  standIn(job, `cat "inputs/spec of 'mine'.json" >"$OUT"; echo '{}' >"$METRICS"`);
  const sandbox = join(job.folder, "sandbox");
  Deno.mkdirSync(join(sandbox, "inputs"), { recursive: true });
  Deno.copyFileSync(job.manifest.config, join(sandbox, "inputs", basename(job.manifest.config)));
  Deno.copyFileSync(job.manifest.nextstat_bin, join(sandbox, "next stat"));
  const env = { _CONDOR_SLOT: "slot1_2" };
  assert.equal(runWrapper(job, ["transfer", "0", "77", "3", TOKEN], env, sandbox).code, 0);
  const [attempt] = left(sandbox);
  assert.deepEqual(["place", "slot"].map((key) => attempt?.facts.values.get(key)), ["transfer", "slot1_2"]);
  assert.match(attempt?.facts.values.get("input_sha256.0") ?? "", /^[0-9a-f]{64}$/);
});

inEachShell("0 threads are those of the allocation", (job) => {
  standIn(job, `${GOOD}; echo "$ALL" >&2`);
  job.manifest.threads = 0;
  const ad = join(job.folder, "machine.ad");
  Deno.writeTextFileSync(ad, 'Machine = "e1"\nCpus = 3\nTotalCpus = 64\n');
  const threads = (env: Record<string, string>) => {
    runWrapper(job, ["shared", "0"], env);
    const { facts } = left(job.folder).at(-1) ?? assert.fail();
    Deno.removeSync(join(job.folder, "incoming"), { recursive: true });
    assert.match(facts.stderr[0] ?? "", new RegExp(`--threads ${facts.values.get("threads")} `));
    return facts.values.get("threads");
  };
  assert.equal(threads({ _CONDOR_MACHINE_AD: ad, SLURM_CPUS_PER_TASK: "7" }), "3");
  job.in_job = SLURM_IN_JOB;
  assert.equal(threads({ SLURM_CPUS_PER_TASK: "7", _CONDOR_MACHINE_AD: ad }), "7");
  assert.equal(threads({ SLURM_JOB_ID: "1", SLURM_CPUS_ON_NODE: "5" }), "5");
  assert.notEqual(threads({ SLURM_CPUS_ON_NODE: "4096" }), "4096");
  assert.notEqual(threads({ SLURM_CPUS_PER_TASK: "many" }), "many");
  job.in_job = { cpus: [{ variable: "AD", line: "a.b*[c]/$^\\'d = " }] };
  Deno.writeTextFileSync(ad, "aXb*[c]/$^\\'d = 4\na.b*[c]/$^\\'d = 6\n");
  assert.equal(threads({ AD: ad }), "6");
  assert.match(threads({ OMP_NUM_THREADS: "999" }) ?? "", /^[1-9]\d*$/);
  assert.notEqual(threads({ OMP_NUM_THREADS: "999" }), "999");
});

inEachShell("what a stranger's scheduler shows to its jobs is in the facts: ids, node, slot, variables", (job) => {
  standIn(job, `${GOOD}; echo "$TOY_JOB.$TOY_TASK" >&2`);
  job.in_job = {
    job_id: ["TOY_JOB"],
    task_id: ["TOY_TASK"],
    node: ["TOY_NODE", "TOY_HOST"],
    slot: ["TOY_SLOT"],
    record: ["TOY_JOB", "TOY_QUEUE"],
  };
  const env = { TOY_HOST: "n 7", TOY_SLOT: "3", TOY_QUEUE: "long", TOY_JOB: "0", _CONDOR_SLOT: "9", HOME: "/h" };
  assert.equal(runWrapper(job, ["shared", "0", "77", "5", TOKEN], env).code, 0);
  const { facts } = left(job.folder)[0] ?? assert.fail();
  assert.deepEqual(["host", "slot"].map((key) => facts.values.get(key)), ["n 7", "3"]);
  assert.deepEqual(facts.environment, {
    ...Object.fromEntries(Object.entries(facts.environment).filter(([name]) => !/^TOY_|^_CONDOR|^HOME/.test(name))),
    TOY_JOB: "77",
    TOY_QUEUE: "long",
  });
  assert.deepEqual(facts.stderr, ["77.5"]);
});

inEachShell("setup lines see none of its arguments, and what they export reaches the fit", (job) => {
  standIn(job, `${GOOD}; echo "$A" >&2`);
  job.options = { setup: [`A="from $# arguments"`, "export A", "set -e; false || true"] };
  runWrapper(job, ["shared", "0"]);
  assert.deepEqual(left(job.folder)[0]?.facts.stderr, ["from 0 arguments"]);
});

inEachShell("a variable that is not on the list is in none of its files", (job) => {
  standIn(job, GOOD);
  runWrapper(job, ["shared", "0"], { AWS_SECRET_ACCESS_KEY: "planted", LANG: "C", TZ: "a\nstarted=0" });
  const text = listed(job.folder).map((name) => Deno.readTextFileSync(join(job.folder, "incoming", name))).join("");
  assert.ok(!text.includes("planted"));
  assert.equal(left(job.folder)[0]?.facts.environment["LANG"], "C");
  assert.equal(left(job.folder)[0]?.facts.environment["TZ"], "?", "a line break makes no line of its own");
});

inEachShell("what could steer a terminal becomes a question mark", (job) => {
  standIn(job, `printf 'a\\033[2Jb\\rc\\tå\\n' >&2; exit 1`);
  runWrapper(job, ["shared", "0"]);
  assert.deepEqual(left(job.folder)[0]?.facts.stderr, ["a?[2Jb?c\tå"]);
});

inEachShell(
  "a shard is run whatever lies under its final names: only who starts an attempt judges what is done",
  (job) => {
    standIn(job, GOOD);
    Deno.writeTextFileSync(join(job.folder, "shard_0.metrics.json"), "{}");
    assert.equal(runWrapper(job, ["shared", "0+1"]).code, 0);
    assert.deepEqual(left(job.folder).map(({ facts }) => facts.values.get("shard")), ["0", "1"]);
  },
);

inEachShell("the pieces of a cut shard run by their own seeds", (job) => {
  standIn(job, `${GOOD}; echo "$ALL" >&2`);
  job.manifest = cutShards(job.manifest, [2], "2026-11-24T19:00:00Z");
  assert.equal(runWrapper(job, ["shared", "4+5"]).code, 0);
  const printed = left(job.folder).map(({ facts }) =>
    /--n-toys \d+ --seed \d+( --shard)?/.exec(facts.stderr[0] ?? "")?.[0]
  );
  assert.deepEqual(printed, ["--n-toys 3 --seed 52", "--n-toys 2 --seed 55"]);
});

inEachShell("a shard that the run has not is refused, and so is a place that it does not know", (job) => {
  standIn(job, GOOD);
  for (const shard of ["4", "99", "x", "-1", "$(touch pwned)"]) {
    const { code, stderr } = runWrapper(job, ["shared", shard]);
    assert.equal(code, 5, shard);
    assert.match(stderr, /the run demo has no shard/);
  }
  assert.deepEqual(left(job.folder), []);
  assert.equal(runWrapper(job, ["elsewhere", "0"]).code, 2);
  assert.notEqual(runWrapper(job, []).code, 0);
  assert.ok(![...Deno.readDirSync(job.folder)].some(({ name }) => name === "pwned"));
});

inEachShell("a run directory that the node does not see is named", (job) => {
  standIn(job, GOOD);
  job.manifest.run_dir = "/nowhere/my run";
  const { code, stderr } = runWrapper(job, ["shared", "0"]);
  assert.equal(code, 71);
  assert.match(stderr, /cannot enter \/nowhere\/my run on \S+: it must be on a disk that this node sees/);
});

inEachShell("a container gets the folders, the image and the whole command", (job) => {
  standIn(job, GOOD);
  job.options = { container: "/images/fit image.sif" };
  const bin = join(job.folder, "bin");
  Deno.mkdirSync(bin);
  const fake = `#!/bin/sh\nprintf '%s\\n' "$@" >"${
    bin.replaceAll("$", "\\$")
  }/said"\nwhile [ "$1" != "/images/fit image.sif" ]; do shift; done\nshift\nexec "$@"\n`;
  Deno.writeTextFileSync(join(bin, "apptainer"), fake, { mode: 0o755 });
  job.manifest.farm.inputs = [];
  assert.equal(runWrapper(job, ["shared", "0"], { PATH: `${bin}:${Deno.env.get("PATH")}` }).code, 0);
  const printed = Deno.readTextFileSync(join(bin, "said")).split("\n");
  assert.equal(printed[0], "exec");
  assert.ok(printed.includes(join(job.folder, "..")));
  assert.deepEqual(printed.slice(printed.indexOf("/images/fit image.sif") + 1).slice(0, 2), [
    job.manifest.nextstat_bin,
    "unbinned-fit-toys",
  ]);
});

/** The real program and its inputs, which ./dev test makes. */
function needed(name: string): string {
  const value = Deno.env.get(name);
  if (value) return value;
  throw new Error(`${name} is not set: run this test by ./dev test, which makes what it needs`);
}

inEachShell("a file that the run was not rendered with is told, and nothing is fitted by it", (job) => {
  standIn(job, `${GOOD}; echo fitted >&2`);
  const { nextstat_sha256, inputs } = job.manifest.farm;
  for (
    const change of [{ nextstat_sha256: "1a".repeat(32) }, { inputs: [{ ...inputs[0]!, sha256: "2b".repeat(32) }] }]
  ) {
    const manifest = { ...job.manifest, farm: { ...job.manifest.farm, ...change } };
    assert.equal(runWrapper({ ...job, manifest }, ["shared", "0"]).code, 5);
    const [attempt] = left(job.folder);
    assert.deepEqual(attempt?.files, ["shard_0.ATTEMPT.job.txt", "shard_0.ATTEMPT.stderr"]);
    assert.match(attempt?.facts.stderr[0] ?? "", /is not the file that the run was rendered with$/);
    assert.match((attempt && jobFilesFault(manifest, attempt.facts)) ?? "", /not the file that the run was rendered/);
    Deno.removeSync(join(job.folder, "incoming"), { recursive: true });
  }
  const at_utc = "2026-11-25T00:00:00Z";
  const accepted_nextstats = [{ sha256: nextstat_sha256, bytes: 1, at_utc }];
  const farm = { ...job.manifest.farm, nextstat_sha256: "1a".repeat(32), accepted_nextstats };
  assert.equal(runWrapper({ ...job, manifest: { ...job.manifest, farm } }, ["shared", "0"]).code, 0);
});

inEachShell("the real nextstat fits the toys of its shard", (job) => {
  job.manifest.nextstat_bin = needed("NSFARM_TEST_NEXTSTAT");
  const inputs = needed("NSFARM_TEST_INPUTS");
  job.manifest.config = join(inputs, "gauss_exp_10k.json");
  job.manifest.farm.inputs = ["gauss_exp_10k.json", "observed.parquet"].map((path) => ({
    path,
    bytes: 1,
    sha256: sum(Deno.readFileSync(join(inputs, path))),
  }));
  job.manifest.farm.nextstat_sha256 = sum(Deno.readFileSync(job.manifest.nextstat_bin));
  assert.equal(runWrapper(job, ["shared", "1+3", "77", "5", TOKEN]).code, 0);
  const outputs = listed(job.folder).filter((name) => name.endsWith(".out.json"));
  const shards = outputs.map((name) => JSON.parse(Deno.readTextFileSync(join(job.folder, "incoming", name))).shard);
  assert.deepEqual(
    shards.map(({ shard_index, shard_start, shard_n_toys }) => [shard_index, shard_start, shard_n_toys]),
    [
      [1, 5, 5],
      [3, 15, 5],
    ],
  );
  const cpu = Number(left(job.folder)[0]?.facts.values.get("cpu_user_s"));
  assert.ok(cpu > 0 && cpu < 30, `${cpu} s`);
  assert.match(left(job.folder)[0]?.facts.values.get("nextstat_sha256") ?? "", /^[0-9a-f]{64}$/);
});
