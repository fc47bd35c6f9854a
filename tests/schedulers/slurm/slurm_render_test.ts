import fc from "fast-check";
import assert from "node:assert/strict";
import type { RenderContext } from "../../../schedulers/adapter.ts";
import slurm from "../../../schedulers/slurm.ts";
import { SLURM_OPTIONS } from "../../../schedulers/slurm/options.ts";
import { maxSubmitJobs, slurmChunks } from "../../../schedulers/slurm/script.ts";
import { exampleContext, exampleManifest, TOKEN } from "../../fixtures/context.ts";
import { assertGolden } from "../../support/golden.ts";
import { runSh, shells } from "../support/run_sh.ts";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const textOf = (context: RenderContext, path = "slurm_array_job.sh") =>
  slurm.render(context).files.find((file) => file.path === path)?.text ?? "";

const ALL_OPTIONS = {
  "slurm-cpus-per-task": 2,
  "slurm-time": "1-02:00:00",
  "slurm-partition": "main,long",
  "slurm-account": "atlas",
  "slurm-qos": "normal",
  "slurm-memory": "2G",
  "slurm-constraint": "avx2&ib",
  "slurm-exclude": "n[3-5]",
  "slurm-reservation": "res1",
  "slurm-gres": "gpu:1",
  "slurm-mail-user": "me@example.org",
  "slurm-mail-type": "END,FAIL",
  "slurm-throttle": 3,
  "slurm-sbatch": ["--nice=100", "#SBATCH --wckey='a b'"],
  "setup": ["module load gcc", 'export A="b c"'],
  "env": ["NEXTSTAT_HOME", "NEXTSTAT_HOME"],
  "container": "/cvmfs/images/fit image.sif",
};

Deno.test("golden: a Slurm array of four shards", () => {
  assertGolden("slurm_plain.sh", textOf(exampleContext()));
});

Deno.test("golden: a Slurm array with every option, in awkward folders", () => {
  assert.deepEqual(SLURM_OPTIONS.filter(({ name }) => !Object.hasOwn(ALL_OPTIONS, name)), []);
  const manifest = exampleManifest(4);
  manifest.run_dir = "/shared/it's 100% {{mine}} $HOME";
  assertGolden("slurm_every_option.sh", textOf(exampleContext(manifest, { options: ALL_OPTIONS })));
});

Deno.test("golden: the second of several Slurm arrays, with the sh wrapper, two shards per job", () => {
  const options = { "shards-per-job": 2 };
  const context = exampleContext(exampleManifest(12, { wrapper: "sh" }), { options, limits: { max_array_size: 4 } });
  assertGolden("slurm_groups.2.sh", textOf(context, "slurm_array_job.2.sh"));
});

Deno.test("all #SBATCH lines follow directly after the first line, since sbatch ignores those after a command", () => {
  const lines = textOf(exampleContext(exampleManifest(), { options: ALL_OPTIONS })).split("\n");
  const directives = lines.filter((line) => line.startsWith("#SBATCH "));
  assert.ok(directives.length > 20);
  assert.deepEqual(lines.slice(0, directives.length + 1), ["#!/bin/sh", ...directives]);
});

Deno.test("MaxArraySize 11 and 40 shards make four arrays, no index of which reaches 11", () => {
  const { chunks, files, by_hand } = slurm.render(
    exampleContext(exampleManifest(40), { limits: { max_array_size: 11 } }),
  );
  assert.deepEqual(chunks.map(({ shards }) => shards.length), [11, 11, 11, 7]);
  assert.deepEqual(chunks.map(({ tasks }) => Math.max(...tasks ?? [])), [10, 10, 10, 6]);
  assert.deepEqual(
    files.map(({ path }) => path),
    ["slurm_array_job.sh", ...["2", "3", "4"].map((n) => `slurm_array_job.${n}.sh`), "job_wrapper.sh"],
  );
  assert.deepEqual(by_hand.at(-1), ["sbatch", "/shared/runs/demo/slurm_array_job.4.sh"]);
});

Deno.test("every shard is in exactly one array and task, within the limits, and the throttle is shared out", () => {
  const lists = fc.uniqueArray(fc.nat(5000), { minLength: 1, maxLength: 60 }).map((list) => list.sort((a, b) => a - b));
  fc.assert(
    fc.property(
      lists,
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 5 }),
      (
        shards,
        size,
        most,
        per_job,
      ) => {
        const options = { "shards-per-job": per_job, "slurm-throttle": 50 };
        const chunks = slurmChunks({ shards, options, limits: { max_array_size: size, max_submit_jobs: most } });
        assert.deepEqual(chunks.flatMap((chunk) => chunk.shards), shards);
        for (const { tasks = [] } of chunks) {
          assert.ok(new Set(tasks).size <= Math.min(size, most));
          assert.ok(tasks.every((task) => task >= 0 && task < size));
          assert.equal(new Set(tasks).size, Math.ceil(tasks.length / per_job));
        }
        const throttles = chunks.map(({ throttle = 0 }) => throttle);
        assert.ok(throttles.every((one) => one >= 1));
        if (chunks.length <= 50) assert.equal(throttles.reduce((a, b) => a + b, 0), 50);
      },
    ),
  );
});

Deno.test("with one shard per job the task index is the shard's number, also in a retry", () => {
  const [chunk] = slurmChunks({ shards: [17, 39], options: {}, limits: {} });
  assert.deepEqual(chunk?.tasks, [17, 39]);
});

Deno.test("the smallest limit on submitted jobs of the account and the requested QOS counts", () => {
  const limits = {
    max_submit_jobs: 500,
    submit_limits: [
      { account: "a", partition: null, qos: null, max_submit_jobs: 100 },
      { account: "b", partition: null, qos: null, max_submit_jobs: 10 },
      { account: null, partition: null, qos: "debug", max_submit_jobs: 1 },
    ],
  };
  assert.equal(maxSubmitJobs(limits, { "slurm-account": "a" }), 100);
  assert.equal(maxSubmitJobs(limits, {}), 10);
  assert.equal(maxSubmitJobs(limits, { "slurm-account": "c" }), 500);
  assert.equal(maxSubmitJobs(limits, { "slurm-account": "a", "slurm-qos": "debug" }), 1);
  assert.equal(maxSubmitJobs({}, {}), undefined);
});

for (const shell of shells()) {
  for (const per_job of [1, 3]) {
    Deno.test(`under ${shell} a task of ${per_job} shards passes its own shards to nsfarm-deno, with any characters in paths`, () => {
      const names = fc.stringMatching(/^[ -~é]{1,20}$/).filter((name) => !/[/\\]/.test(name) && !/^\.+$/.test(name));
      fc.assert(fc.property(names, fc.nat(10), (name, at) => checkTask(shell, per_job, name, at)), { numRuns: 15 });
    });
  }
}

/** Runs the script of a task with a stand-in for nsfarm-deno that prints its arguments, one a line. */
function checkTask(shell: string, per_job: number, name: string, at: number): void {
  const folder = Deno.makeTempDirSync();
  try {
    const manifest = exampleManifest(11);
    manifest.run_dir = `${folder}/${name}`;
    Deno.mkdirSync(manifest.run_dir);
    const nsfarm = `${folder}/${name} nsfarm`;
    Deno.writeTextFileSync(nsfarm, '#!/bin/sh\nprintf "%s\\n" "$NSFARM_TOKEN" "$@"\n', { mode: 0o755 });
    const context = exampleContext(manifest, { nsfarm, options: { "shards-per-job": per_job, setup: ["set -- a b"] } });
    const chunk = slurm.render(context).chunks[0];
    const task = chunk?.tasks?.[at] ?? -1;
    const mine = chunk?.shards.filter((_, i) => chunk.tasks?.[i] === task).map(String);
    const env = { SLURM_ARRAY_TASK_ID: `${task}`, NSFARM_TOKEN: TOKEN };
    const { stdout, stderr } = runSh(textOf(context), { shell, env });
    assert.equal(stderr, "");
    assert.deepEqual(stdout.trimEnd().split("\n"), [TOKEN, "job", manifest.run_dir, ...mine ?? []]);
    assert.deepEqual([...Deno.readDirSync(folder)].length, 2, "nothing else was made");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("a script that was not started by sbatch says so", () => {
  const { code, stderr } = runSh(textOf(exampleContext()));
  assert.notEqual(code, 0);
  assert.match(stderr, /submit this file with sbatch/);
});

Deno.test("the error of a node that does not see the run directory names the node", () => {
  const { code, stderr } = runSh(textOf(exampleContext()), { env: { SLURM_ARRAY_TASK_ID: "0" } });
  assert.equal(code, 71);
  assert.match(stderr, /cannot enter \/shared\/runs\/demo on \S+: it must be on a disk that this node sees/);
});

Deno.test("a line break in a value is refused before anything is written", () => {
  for (
    const [name, value] of [["slurm-partition", "a\n#SBATCH --uid=0"], ["setup", ["a\nb"]], ["slurm-sbatch", [
      "--nice=1\r",
    ]]] as const
  ) {
    const options = { [name]: typeof value === "string" ? value : [...value] };
    assert.throws(() => slurm.render(exampleContext(exampleManifest(), { options })), /wanted one line/);
  }
});

Deno.test("a run directory with a backslash is refused: Slurm would write all logs into one file", () => {
  const context = exampleContext(exampleManifest(), { run_dir: "/a\\b" });
  assert.throws(() => slurm.render(context), /its path has a backslash/);
});

Deno.test("a folder with a colon or comma cannot be bound into a container, and is named in the error", () => {
  const context = exampleContext(exampleManifest(), { run_dir: "/runs/a:b", options: { container: "x.sif" } });
  assert.throws(() => slurm.render(context), /the folder "\/runs\/a:b" has a ":"/);
});

Deno.test("more threads than CPUs, a throttle below the number of arrays and too many jobs give warnings", () => {
  const manifest = { ...exampleManifest(40), threads: 4 };
  const { warnings } = slurm.render(exampleContext(manifest, {
    options: { "slurm-cpus-per-task": 2, "slurm-throttle": 2 },
    limits: { max_array_size: 11, max_submit_jobs: 20 },
  }));
  assert.equal(warnings.length, 3);
  assert.match(warnings[0] ?? "", /--threads 4 is more than the 2 CPUs/);
  assert.match(warnings[1] ?? "", /--slurm-throttle 2 is less than the 4 arrays/);
  assert.match(warnings[2] ?? "", /allows you 20 jobs at a time and the run has 40.*--shards-per-job 2/);
});

Deno.test("submit passes options that SBATCH_ variables could override as arguments, and the shards of the tasks", () => {
  const context = exampleContext(exampleManifest(40), { limits: { max_array_size: 11 }, options: { env: ["A"] } });
  const chunk = slurmChunks(context)[1];
  assert.ok(chunk);
  const { argv } = slurm.submit(context, chunk, TOKEN);
  assert.deepEqual(argv, [
    "sbatch",
    "--parsable",
    `--job-name=${context.manifest.run_id}-nsfarm-${TOKEN}`,
    `--comment=nsfarm:${TOKEN}`,
    "--array=0-10",
    "--nodes=1",
    "--ntasks=1",
    "--output=/shared/runs/demo/logs/slurm_%A_%a.log",
    "--export=HOME,USER,LOGNAME,PATH,LANG,LC_ALL,TZ,A,NSFARM_TOKEN=" + TOKEN,
    "--no-requeue",
    "/shared/runs/demo/slurm_array_job.sh",
    "11",
  ]);
});

Deno.test("a retry with several shards per job passes their groups", () => {
  const context = exampleContext(exampleManifest(9), { shards: [1, 5, 8], options: { "shards-per-job": 2 } });
  const chunk = slurmChunks(context)[0];
  assert.ok(chunk);
  assert.deepEqual(slurm.submit(context, chunk, TOKEN).argv.slice(-3), [
    "/shared/runs/demo/slurm_array_job.sh",
    "1+5",
    "8",
  ]);
});

Deno.test("a shard's log is found by its task", () => {
  const chunk = slurmChunks({ shards: range(40), options: {}, limits: { max_array_size: 11 } })[1];
  assert.ok(chunk);
  assert.deepEqual(slurm.jobLogs({ job_id: "47", token: TOKEN, chunk }, 13), ["logs/slurm_47_2.log"]);
});

Deno.test("a run directory with a line break is refused: the rest of it would be a line of the script", () => {
  const context = exampleContext(exampleManifest(), { run_dir: "/a\nid" });
  assert.throws(() => slurm.render(context), { kind: "usage", message: /Cannot use the run directory "\/a\\nid"/ });
});

Deno.test("the help of --env names every variable that a job always receives", () => {
  const line = /^#SBATCH --export=(.*),NSFARM_TOKEN=/m.exec(textOf(exampleContext()))?.[1];
  const help = slurm.options.find(({ name }) => name === "env")?.help;
  assert.ok(line && help?.includes(`besides these no other is passed: ${line.split(",").join(", ")} `), help);
});
