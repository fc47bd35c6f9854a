import assert from "node:assert/strict";
import { chmod, copyFile, cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FarmManifest } from "../../core/schema/manifest.ts";
import { dropPlugin } from "../clusters/gridengine_cluster.ts";
import { changed, SMALL_PLUGIN } from "../runtime/support/plugin_files.ts";
import {
  binary,
  namesIn,
  nextstat,
  nsfarm,
  type Ran,
  readText,
  requestArgs,
  runDir,
  spec10k,
} from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";
import { readJson } from "../support/toys.ts";

const GRIDENGINE = fileURLToPath(new URL("../../plugins/gridengine.ts", import.meta.url));

/** A machine that has nothing but the binary, and a plugin beside it. */
async function site(folder: string): Promise<string> {
  const program = join(folder, "site", "nsfarm-deno");
  await mkdir(join(folder, "site"));
  await copyFile(binary(), program);
  dropPlugin(join(folder, "site"));
  return program;
}

async function must(ran: Promise<Ran>, code = 0): Promise<Ran> {
  const one = await ran;
  assert.equal(one.code, code, one.stdout + one.stderr);
  return one;
}

const written = async (folder: string, name: string, text: string) => {
  const file = join(folder, name);
  await writeFile(file, text, { mode: 0o644 });
  return file;
};

Deno.test("A plugin beside the binary is found with an empty PATH: in plugin list, render --help, and a run that it renders", async () => {
  await inFolder(async (folder) => {
    const program = await site(folder);
    const env = { PATH: join(folder, "nothing"), TMPDIR: join(folder, "tmp") };
    const run = (args: string[]) => must(nsfarm(folder, args, { program, env, clearEnv: true }));
    assert.match(
      (await run(["plugin", "list"])).stdout,
      /^gridengine {2}.*site\/schedulers\/gridengine\.ts {2}\(beside/,
    );
    assert.match((await run(["help", "schedulers"])).stdout, /^ {2}gridengine +array jobs of a Grid Engine cluster$/m);
    assert.match((await run(["render", "--scheduler", "gridengine", "--help"])).stdout, /--gridengine-slots <N>/);
    const { stderr } = await run([
      "render",
      "--scheduler",
      "gridengine",
      ...requestArgs(folder, { toys: 8, shards: 4 }),
    ]);
    assert.match(stderr, /sha256 [0-9a-f]{64}\n {2}runs qsub/, "whose code will decide what is run is told");
    assert.deepEqual(await namesIn(runDir(folder)), [
      ...["attempts", "claims", "gridengine_job.sh", "incoming", "job_wrapper.sh", "logs", "manifest.json"],
    ]);
    const { farm } = FarmManifest.parse(await readJson(join(runDir(folder), "manifest.json")));
    assert.deepEqual(farm.in_job?.task_id, ["SGE_TASK_ID"], "what its jobs see of it is kept with the run");
  });
});

Deno.test("Of plugins with the same name the one of --plugin is used, then NSFARM_PLUGINS, then those beside the binary", async () => {
  await inFolder(async (folder) => {
    const program = await site(folder);
    const named = changed('name: "toy"', 'name: "gridengine"').replace("toy-queue", "gridengine-queue");
    const first = await written(folder, "first.js", named.replace("nobody has", "comes first"));
    const second = await written(folder, "second.js", named.replace("nobody has", "comes second"));
    const listed = async (args: string[], env: Record<string, string> = {}) =>
      JSON.parse((await must(nsfarm(folder, ["plugin", "list", "--json", ...args], { program, env }))).stdout).plugins;
    const all = await listed(["--plugin", first], { NSFARM_PLUGINS: second });
    assert.deepEqual(all.map((one: { way: string; shadowed: boolean }) => [one.way, one.shadowed]), [
      ["--plugin", false],
      ["NSFARM_PLUGINS", true],
      ["beside nsfarm-deno", true],
    ]);
    const help = ["render", "--scheduler", "gridengine", "--help"];
    const { stdout } = await must(nsfarm(folder, help, { program, env: { NSFARM_PLUGINS: `${second}:${first}` } }));
    assert.match(stdout, /queue to run in/);
    assert.doesNotMatch(stdout, /gridengine-slots/);
  });
});

Deno.test("A broken plugin beside the binary affects only commands that use it, and the list shows why", async () => {
  await inFolder(async (folder) => {
    const program = await site(folder);
    await written(join(folder, "site", "schedulers"), "aaa.js", "export default 1;");
    const { stdout } = await must(nsfarm(folder, ["plugin", "list"], { program }));
    assert.match(stdout, /\(not usable\) {2}.*aaa\.js[\s\S]*its default export is no object[\s\S]*gridengine {2}/);
    await must(nsfarm(folder, ["render", "--scheduler", "gridengine", "--help"], { program }));
    const { stderr } = await must(nsfarm(folder, ["render", "--scheduler", "aaa", "--help"], { program }), 2);
    assert.match(stderr, /Cannot use --scheduler "aaa": known are local, .*gridengine\n {2}.*aaa\.js/);
  });
});

const secret = "the content of a file";

for (
  const [what, bad] of [
    ["reads a file", `Deno.readTextFileSync("FOLDER/secret.json")`],
    [
      "imports a local JSON file by code made of text",
      `(async () => {}).constructor("return import('file://FOLDER/secret.json')")()`,
    ],
    ["imports a local JSON file", `import("file://FOLDER/secret.json", { with: { type: "json" } })`],
    ["writes a file", `Deno.writeTextFileSync("FOLDER/written", "")`],
    ["runs a program", `new Deno.Command("touch", { args: ["FOLDER/written"] }).outputSync()`],
    ["opens a socket", `Deno.listen({ port: 0 })`],
    ["reads the environment", `Deno.env.get("PATH")`],
    ["never returns", `(() => { for (;;); })()`],
  ] as const
) {
  Deno.test(`A plugin that ${what}: no effect outside, and it is named`, async () => {
    await inFolder(async (folder) => {
      await written(folder, "secret.json", JSON.stringify(secret));
      const code = bad.replaceAll("FOLDER", folder);
      const file = await written(folder, "bad.js", changed("files: [{", `files: [${code}, {`));
      const words = ["render", "--plugin", file, "--scheduler", "toy", ...requestArgs(folder, { toys: 8, shards: 4 })];
      const { stderr, stdout } = await must(nsfarm(folder, words), 3);
      assert.match(stderr, /Cannot use the plugin ".*bad\.js": /);
      assert.ok(!`${stdout}${stderr}`.includes(secret));
      assert.deepEqual(await namesIn(folder), ["bad.js", "secret.json", "tmp"]);
    });
  });
}

Deno.test("Console output of a plugin goes to stderr, never into the answer", async () => {
  await inFolder(async (folder) => {
    const file = await written(folder, "toy.js", `console.log("a word");\n${SMALL_PLUGIN}`);
    const { stdout, stderr } = await must(nsfarm(folder, ["plugin", "list", "--json", "--plugin", file]));
    assert.equal(JSON.parse(stdout).plugins[0].name, "toy");
    assert.match(stderr, /a word/);
  });
});

Deno.test("A run reports that its plugin is not the one that rendered it", async () => {
  await inFolder(async (folder) => {
    const file = await written(folder, "toy.js", SMALL_PLUGIN);
    const words = ["render", "--plugin", file, "--scheduler", "toy", ...requestArgs(folder, { toys: 8, shards: 4 })];
    await must(nsfarm(folder, words));
    const same = await must(nsfarm(folder, ["status", runDir(folder), "--plugin", file]));
    assert.doesNotMatch(same.stderr, /sha256/);
    await written(folder, "toy.js", `${SMALL_PLUGIN}\n`);
    const other = await must(nsfarm(folder, ["status", runDir(folder), "--plugin", file]));
    assert.match(other.stderr, /runs toysub\n {2}the run was rendered by another one: sha256 [0-9a-f]{64}/);
    const none = await must(nsfarm(folder, ["status", runDir(folder)]), 3);
    const wanted =
      `Cannot use the plugin ".*": its sha256 is .*, but the run requires .*\n {2}Check it, .*: '?--plugin='?${file}`;
    assert.match(none.stderr, new RegExp(wanted));
  });
});

Deno.test("A run, a sweep and a copy find the plugin that rendered them without --plugin, before others of its name", async () => {
  await inFolder(async (folder) => {
    const file = await written(folder, "toy.js", SMALL_PLUGIN);
    const other = await written(folder, "other.js", SMALL_PLUGIN.replaceAll("toysub", "othersub"));
    await mkdir(join(folder, "bin"));
    await writeFile(join(folder, "bin", "toysub"), "#!/bin/sh\necho 7\n", { mode: 0o755 });
    const env = { PATH: `${join(folder, "bin")}:/usr/bin:/bin`, NSFARM_PLUGINS: other };
    const words = ["--plugin", file, "--scheduler", "toy", ...requestArgs(folder, { toys: 8, shards: 4 })];
    await must(nsfarm(folder, ["render", ...words], { env }));
    await cp(runDir(folder), runDir(folder, "copy"), { recursive: true });
    for (const dir of [runDir(folder), runDir(folder, "copy")]) {
      const submitted = await must(nsfarm(folder, ["submit", dir], { env }));
      assert.match(submitted.stdout, /toy job 7/);
      for (const command of ["status", "doctor", "cancel"]) {
        assert.doesNotMatch((await must(nsfarm(folder, [command, dir], { env }))).stderr, /rendered by another/);
      }
    }
    const sweep = ["--out-root", folder, "--sweep-id", "s", "--shards-list", "1,2", "--n-toys", "4", "--threads", "1"];
    const from = ["--config", spec10k(), "--nextstat-bin", nextstat(), "--no-check"];
    await must(nsfarm(folder, ["sweep", "render", "--plugin", file, "--scheduler", "toy", ...sweep, ...from]));
    const refused = ["sweep", "submit", "--sweep-json", join(folder, "s.sweep.json"), "--mode", "transfer"];
    assert.match((await must(nsfarm(folder, refused), 2)).stderr, /Cannot use --mode transfer with toy/);
  });
});

Deno.test("A run directory cannot provide a plugin", async () => {
  await inFolder(async (folder) => {
    const file = await written(folder, "toy.js", SMALL_PLUGIN);
    const words = ["render", "--plugin", file, "--scheduler", "toy", ...requestArgs(folder, { toys: 8, shards: 4 })];
    await must(nsfarm(folder, words));
    const inside = await written(runDir(folder), "toy.js", SMALL_PLUGIN);
    const { stderr } = await must(nsfarm(folder, ["status", runDir(folder), "--plugin", inside]), 3);
    assert.match(stderr, /it is inside the run directory/);
    const manifest = join(runDir(folder), "manifest.json");
    const text = await readText(manifest);
    await writeFile(manifest, text.replace(`"path": "${file}"`, `"path": "${inside}"`));
    assert.match((await must(nsfarm(folder, ["status", runDir(folder)]), 3)).stderr, /it is inside the run directory/);
    await writeFile(manifest, text.replace('"scheduler": "toy"', '"scheduler": "other"'));
    const other = await must(nsfarm(folder, ["status", runDir(folder)]), 3);
    assert.match(other.stderr, /Cannot use the run "r" of the scheduler "other": known are /);
  });
});

Deno.test("--wrapper sh and --mode transfer are refused where a plugin does not support them", async () => {
  await inFolder(async (folder) => {
    const file = await written(folder, "toy.js", SMALL_PLUGIN);
    const words = ["render", "--plugin", file, "--scheduler", "toy", ...requestArgs(folder, { toys: 8, shards: 4 })];
    assert.match((await must(nsfarm(folder, [...words, "--wrapper", "sh"]), 2)).stderr, /Cannot use --wrapper sh/);
    assert.match(
      (await must(nsfarm(folder, [...words, "--mode", "transfer"]), 2)).stderr,
      /Cannot use --mode transfer/,
    );
  });
});

Deno.test("plugin new writes an adapter that passes plugin check, whatever its name, and never over a file", async () => {
  await inFolder(async (folder) => {
    for (const name of ["my_site", "lsf", "a-b-2"]) {
      const { stdout } = await must(nsfarm(folder, ["plugin", "new", name]));
      assert.equal(stdout.trim(), join(folder, `${name}.ts`));
      const checked = await must(nsfarm(folder, ["plugin", "check", `${name}.ts`]));
      assert.match(
        checked.stdout,
        new RegExp(`would write ${name}_job\\.sh:[\\s\\S]*would run, to submit: ${name.replace("_", "-")}-submit`),
      );
      assert.match(checked.stdout, /keeps the contract of adapters/);
    }
    const text = await readText(join(folder, "lsf.ts"));
    await must(nsfarm(folder, ["plugin", "new", "lsf"]), 2);
    assert.equal(await readText(join(folder, "lsf.ts")), text);
    for (const name of ["slurm", "Bad", "../x", ""]) await must(nsfarm(folder, ["plugin", "new", name]), 2);
  });
});

Deno.test("plugin check finds the faults of a plugin, and none in Grid Engine's", async () => {
  await inFolder(async (folder) => {
    await must(nsfarm(folder, ["plugin", "check", GRIDENGINE]));
    const file = await written(folder, "toy.js", SMALL_PLUGIN);
    const { stdout, stderr } = await must(nsfarm(folder, ["plugin", "check", "--json", file]), 3);
    const { findings } = JSON.parse(stdout.slice(0, stdout.indexOf("\n}\n") + 2));
    const members = findings.map((one: { member: string }) => one.member);
    assert.ok(members.includes("readSubmit"), "it takes an empty answer for a job id");
    assert.match(stderr, /Cannot trust the plugin/);
    await chmod(file, 0o666);
    assert.match(
      (await must(nsfarm(folder, ["plugin", "check", file]), 3)).stderr,
      /users other than its owner can write/,
    );
  });
});

Deno.test("An unknown action of plugin is refused with the known ones", async () => {
  await inFolder(async (folder) => {
    for (const words of [["lst"], ["check"], ["new"], ["list", "x"]]) {
      assert.match((await must(nsfarm(folder, ["plugin", ...words]), 2)).stderr, /wanted list, check FILE or new NAME/);
    }
  });
});
