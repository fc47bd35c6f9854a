import fc from "fast-check";
import assert from "node:assert/strict";
import type { RenderContext } from "../../../schedulers/adapter.ts";
import htcondor from "../../../schedulers/htcondor.ts";
import { HTCONDOR_OPTIONS, listedPath, submitPath, submitValue } from "../../../schedulers/htcondor/options.ts";
import { adString } from "../../../schedulers/htcondor/submit_file.ts";
import { exampleContext, exampleManifest, TOKEN } from "../../fixtures/context.ts";
import { assertGolden } from "../../support/golden.ts";
import { runSh, shells } from "../support/run_sh.ts";

const textOf = (context: RenderContext, path: string) =>
  htcondor.render(context).files.find((file) => file.path === path)?.text ?? "";

const ALL_OPTIONS = {
  "condor-request-cpus": 2,
  "condor-request-memory": "2GB",
  "condor-request-disk": "500 MB",
  "condor-requirements": '(Machine != "flaky.example.org") && (OpSysMajorVer >= 9)',
  "condor-accounting-group": "group_atlas.me",
  "condor-max-run-time": "01:30:00",
  "condor-max-idle": 50,
  "condor-max-materialize": 200,
  "condor-line": ['+JobFlavour = "longlunch"', "MY.SendCredential = True"],
  "setup": [". /cvmfs/setup.sh"],
  "env": ["FOO", "BAR"],
};

Deno.test("golden: both submit files of an HTCondor run of four shards", () => {
  assertGolden("condor_plain.sub", textOf(exampleContext(), "condor_job.sub"));
  assertGolden("condor_plain_transfer.sub", textOf(exampleContext(), "condor_job_transfer.sub"));
});

Deno.test("golden: HTCondor with every option, in transfer mode, in awkward folders", () => {
  // --condor-spool has a golden file of its own: it excludes others.
  const left_out = HTCONDOR_OPTIONS.filter(({ name }) => !Object.hasOwn(ALL_OPTIONS, name)).map(({ name }) => name);
  assert.deepEqual(left_out, ["condor-spool"]);
  const manifest = exampleManifest(4, { mode: "transfer", wrapper: "sh" });
  manifest.run_dir = `/shared/it's "100%" $HOME {{mine}}`;
  const context = exampleContext(manifest, { options: { ...ALL_OPTIONS, container: "/images/fit image.sif" } });
  assertGolden("condor_every_option_transfer.sub", textOf(context, "condor_job_transfer.sub"));
});

Deno.test("golden: the script that runs nsfarm-deno in an HTCondor job, on a shared file system and in a sandbox", () => {
  const shared = exampleContext(exampleManifest(), { options: { setup: ["module load gcc"] } });
  assertGolden("condor_job.sh", textOf(shared, "condor_job.sh"));
  const transfer = exampleContext(exampleManifest(4, { mode: "transfer" }));
  assertGolden("condor_job_transfer.sh", textOf(transfer, "condor_job_transfer.sh"));
});

Deno.test("the binary is sent with each job only on request", () => {
  const sent = (change: Parameters<typeof exampleManifest>[1]) =>
    /^transfer_input_files = (.*)$/m.exec(textOf(exampleContext(exampleManifest(4, change)), "condor_job_transfer.sub"))
      ?.[1];
  assert.equal(sent({}), "inputs, /shared/bin/nextstat");
  assert.equal(sent({ mode: "transfer", wrapper: "sh" }), "inputs, /shared/bin/nextstat");
  assert.equal(
    sent({ mode: "transfer", wrapper: "binary" }),
    "inputs, /shared/bin/nextstat, manifest.json, /shared/bin/nsfarm-deno",
  );
});

Deno.test("a container image is sent with the job, unless every node has it or downloads it", () => {
  const sent = (container: string) =>
    /^transfer_input_files = (.*)$/m.exec(
      textOf(exampleContext(exampleManifest(), { options: { container } }), "condor_job_transfer.sub"),
    )?.[1];
  assert.match(sent("/home/me/fit.sif") ?? "", /, \/home\/me\/fit\.sif$/);
  assert.equal(sent("/cvmfs/images/fit.sif"), "inputs, /shared/bin/nextstat");
  assert.equal(sent("docker://fit:1"), "inputs, /shared/bin/nextstat");
});

Deno.test("an image sent with the job is used by its name in the sandbox", () => {
  const wrapper = textOf(
    exampleContext(exampleManifest(), { options: { container: "/home/me/fit 1.sif" } }),
    "job_wrapper.sh",
  );
  assert.match(wrapper, /--pwd "\$PWD" '\.\/fit 1\.sif' "\$@"/);
  assert.match(wrapper, /--bind \/shared\/specs '\/home\/me\/fit 1\.sif' "\$@"/);
});

Deno.test("a path with a comma cannot be sent: an error in transfer mode, else a warning", () => {
  const manifest = { ...exampleManifest(4), nextstat_bin: "/a,b/nextstat" };
  const { files, warnings } = htcondor.render(exampleContext(manifest));
  assert.deepEqual(files.map(({ path }) => path), ["condor_job.sub", "condor_job.sh", "job_wrapper.sh"]);
  assert.match(warnings[0] ?? "", /condor_job_transfer\.sub was not written: .*has a comma/);
  const transfer = { ...exampleManifest(4, { mode: "transfer", wrapper: "sh" }), nextstat_bin: "/a,b/nextstat" };
  assert.throws(() => htcondor.render(exampleContext(transfer)), /has a comma/);
});

/** How condor_submit expands macros, as far as ours go. */
const expand = (text: string) => text.replaceAll(/\$\(DOLLAR\)/g, "$");

Deno.test("condor_submit reads back a value of submitValue(), and finds no macro in it", () => {
  fc.assert(fc.property(fc.string(), fc.constantFrom("$(Cluster)", "$ENV(HOME)", "$$(Name)", "$"), (text, macro) => {
    const value = `${text}${macro}`;
    assert.equal(expand(submitValue(value)), value);
    assert.doesNotMatch(submitValue(value).replaceAll("$(DOLLAR)", ""), /\$/);
  }));
});

Deno.test("paths that a submit file would change are refused", () => {
  for (const path of ["/a ", " /a", "/a\\", "/a\\/b", "/a\t", "/a\nqueue 9", "/$$(a)", "/$(DOLLAR)", "/$(dollar)"]) {
    assert.throws(() => submitPath("the run directory", path), /Cannot use/);
  }
  assert.throws(() => listedPath("nextstat", "/a,b"), /comma/);
  assert.equal(submitPath("x", "/a b/$c"), "/a b/$(DOLLAR)c");
});

Deno.test("render warns if no machine sees the shared file system", () => {
  const place = (shares_files: boolean) => ({ ...PLACE, shares_files });
  const warnings = (...places: (typeof PLACE)[]) =>
    htcondor.render(exampleContext(undefined, { limits: { places } })).warnings;
  assert.match(
    warnings(place(false), place(false)).join(),
    /no machine .* shares files with this machine .*--mode transfer/,
  );
  for (const places of [[], [PLACE], [place(false), place(true)]]) assert.deepEqual(warnings(...places), []);
});
const PLACE = { name: "e1", state: "unclaimed", nodes: 1, cpus: 4, memory_mb: 8192, time_limit: null };

Deno.test("a text in an expression cannot end it", () => {
  assert.equal(adString('a" || true || "\\'), '"a\\" || true || \\"\\\\"');
});

Deno.test("an expression that would continue on the next line is refused", () => {
  const options = { "condor-requirements": "true \\" };
  assert.throws(() => htcondor.render(exampleContext(exampleManifest(), { options })), /does not end with a backslash/);
});

Deno.test("a line break in a value is refused", () => {
  const options = { "condor-request-memory": "1\nqueue 100" };
  assert.throws(() => htcondor.render(exampleContext(exampleManifest(), { options })), /wanted one line/);
});

Deno.test("submit replaces shards, token and limits of the file with the present ones", () => {
  const context = exampleContext(exampleManifest(9), {
    shards: [1, 5, 8],
    options: { "shards-per-job": 2, "condor-request-memory": "4GB" },
  });
  const chunk = htcondor.render(context).chunks[0];
  assert.ok(chunk);
  assert.deepEqual(chunk.tasks, [0, 0, 1]);
  assert.deepEqual(htcondor.submit(context, chunk, TOKEN).argv, [
    "condor_submit",
    "-terse",
    "-append",
    `nsfarm_tag = nsfarm-${TOKEN}`,
    "-append",
    "nsfarm_shards = 1+5 8",
    "-append",
    "request_cpus = 1",
    "-append",
    "request_memory = 4GB",
    "-append",
    "periodic_remove = JobStatus == 5 && (HoldReasonCode == 34 || HoldReasonCode == 46 || HoldReasonCode == 47)",
    "/shared/runs/demo/condor_job.sub",
  ]);
});

Deno.test("a submission can have another mode than the run", () => {
  const context = exampleContext(exampleManifest(), { options: { mode: "transfer" } });
  const chunk = htcondor.render(context).chunks[0];
  assert.ok(chunk);
  assert.equal(htcondor.submit(context, chunk, TOKEN).argv.at(-1), "/shared/runs/demo/condor_job_transfer.sub");
});

Deno.test("more jobs than the site accepts at once make several clusters, each shard in one of them", () => {
  const { chunks } = htcondor.render(exampleContext(exampleManifest(25), { limits: { max_submit_jobs: 10 } }));
  assert.deepEqual(chunks.map(({ shards }) => shards.length), [10, 10, 5]);
  assert.deepEqual(chunks[1]?.tasks, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

for (const shell of shells()) {
  Deno.test(`under ${shell} a job's script passes its shards and ids to nsfarm-deno, with any characters in paths`, () => {
    const names = fc.stringMatching(/^[ -~é]{1,20}$/).filter((name) =>
      !/[/\\]|\$\$|\$\(dollar\)/i.test(name) && !/^\.+$/.test(name) && name === name.trim()
    );
    fc.assert(fc.property(names, (name) => checkLauncher(shell, name)), { numRuns: 15 });
  });
}

function checkLauncher(shell: string, name: string): void {
  const folder = Deno.makeTempDirSync();
  try {
    const manifest = exampleManifest(4);
    manifest.run_dir = `${folder}/${name}`;
    Deno.mkdirSync(manifest.run_dir);
    const nsfarm = `${folder}/${name} nsfarm`;
    const print = '#!/bin/sh\nprintf "%s\\n" "$NSFARM_CONDOR_CLUSTER.$NSFARM_CONDOR_PROC" "$NSFARM_TOKEN" "$@"\n';
    Deno.writeTextFileSync(nsfarm, print, { mode: 0o755 });
    const script = textOf(exampleContext(manifest, { nsfarm }), "condor_job.sh");
    const { stdout, stderr } = runSh(script, { shell, args: ["0+3", "12", "7", `nsfarm-${TOKEN}`] });
    assert.equal(stderr, "");
    assert.deepEqual(stdout.trimEnd().split("\n"), ["12.7", TOKEN, "job", manifest.run_dir, "0", "3"]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
