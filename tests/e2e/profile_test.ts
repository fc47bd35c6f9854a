import assert from "node:assert/strict";
import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { changed, SMALL_PLUGIN } from "../runtime/support/plugin_files.ts";
import { binary, mustRun, nextstat, type Ran, readText, requestArgs, runDir } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";
import { assertSameToys, at, readJson, unsharded } from "../support/toys.ts";

interface Site {
  folder: string;
  write(name: string, text: string): Promise<string>;
  /** Runs nsfarm-deno with a home of its own and no profile but what the test has written. */
  run(args: string[], code?: number, env?: Record<string, string>): Promise<Ran>;
}

function test(name: string, work: (site: Site) => Promise<void>): void {
  Deno.test(name, () =>
    inFolder(async (folder) => {
      const program = join(folder, "bin", "nsfarm-deno");
      for (const one of ["bin", "home/.config/nsfarm-deno"]) await mkdir(join(folder, one), { recursive: true });
      await copyFile(binary(), program);
      const plain = { HOME: join(folder, "home"), XDG_CONFIG_HOME: "", NSFARM_PROFILE: "" };
      await work({
        folder,
        write: async (name, text) => {
          await writeFile(join(folder, name), text, { mode: 0o644 });
          return join(folder, name);
        },
        run: (args, code = 0, env = {}) => mustRun(folder, args, code, { program, env: { ...plain, ...env } }),
      });
    }));
}

/** Each option's value and source, as --explain tells them. */
async function explained(site: Site, args: string[] = [], env: Record<string, string> = {}, command = "render") {
  const { stdout } = await site.run([command, "--explain", "--json", ...args], 0, env);
  const { values, profile } = JSON.parse(stdout);
  const reported = (name: string) => {
    const row = values.find((one: { option: string }) => one.option === name);
    return row && `${row.value} (${row.source})`;
  };
  return { reported, way: profile?.way ?? null };
}

const slurm = (partition: string) => `{ "scheduler": "slurm", "options": { "slurm-partition": "${partition}" } }`;

test("Of the four places, --profile wins over NSFARM_PROFILE, that over one beside the binary, that over your own", async (site) => {
  const own = "home/.config/nsfarm-deno/profile.yaml";
  const partition = async (args: string[] = [], env = {}) => {
    const { reported, way } = await explained(site, args, env);
    return [way, reported("slurm-partition")];
  };
  assert.deepEqual(await partition(), [null, undefined]);
  await site.write(own, "scheduler: slurm # mine\noptions: { slurm-partition: own }\n");
  assert.deepEqual(await partition(), ["your configuration", "own (profile)"]);
  await site.write("bin/nsfarm-deno.jsonc", `// the site's\n${slurm("site")}`);
  assert.deepEqual(await partition(), ["beside nsfarm-deno", "site (profile)"]);
  const env = { NSFARM_PROFILE: await site.write("env.json", slurm("env")) };
  assert.deepEqual(await partition([], env), ["NSFARM_PROFILE", "env (profile)"]);
  const flag = ["--profile", await site.write("flag.yml", "scheduler: slurm\noptions:\n  slurm-partition: flag\n")];
  assert.deepEqual(await partition(flag, env), ["--profile", "flag (profile)"]);
  assert.deepEqual(await partition([...flag, "--slurm-partition", "typed"], env), [
    "--profile",
    "typed (command line)",
  ]);
  assert.deepEqual(await partition(["--profile", "none"], env), [null, undefined]);
});

test("XDG_CONFIG_HOME moves your own profile", async (site) => {
  await mkdir(join(site.folder, "xdg/nsfarm-deno"), { recursive: true });
  await site.write("xdg/nsfarm-deno/profile.jsonc", slurm("xdg"));
  const { reported } = await explained(site, [], { XDG_CONFIG_HOME: join(site.folder, "xdg") });
  assert.equal(reported("slurm-partition"), "xdg (profile)");
});

test("Every key of a profile has its effect, and --explain shows where each value came from", async (site) => {
  await site.write(
    "toy.js",
    SMALL_PLUGIN.replace("options: [", 'options: [{ name: "setup", type: "strings", help: "lines" },'),
  );
  const file = await site.write(
    "p.jsonc",
    `{ "scheduler": "toy", "plugin": { "file": "toy.js" }, "setup": ["module load a", "b"], /* c */
       "nextstat_bin": "bin/nextstat", "options": { "toy-queue": "long" }, }`,
  );
  const { reported } = await explained(site, ["--profile", file, "--threads", "2"]);
  assert.equal(reported("scheduler"), "toy (profile)");
  assert.equal(reported("toy-queue"), "long (profile)");
  assert.equal(reported("setup"), "module load a,b (profile)");
  assert.equal(reported("nextstat-bin"), `${join(site.folder, "bin/nextstat")} (profile)`);
  assert.equal(reported("threads"), "2 (command line)");
  assert.equal(reported("seed"), "42 (default)");
  const { stdout } = await site.run(["render", "--profile", file, "--explain"]);
  assert.match(stdout, new RegExp(`^profile ${file} \\(--profile\\)\n[\\s\\S]*toy-queue +long {2}\\(profile\\)`));
});

test("A number of shards that is typed takes the place of a profile's time of a shard, and the other way round", async (site) => {
  const minutes = await site.write("minutes.json", '{ "options": { "shard-minutes": 20 } }');
  const typed = await explained(site, ["--profile", minutes, "--shards", "5"]);
  assert.deepEqual(["shards", "shard-minutes"].map(typed.reported), ["5 (command line)", "null (default)"]);
  const shards = await site.write("shards.json", '{ "options": { "shards": 5 } }');
  const other = await explained(site, ["--profile", shards, "--shard-minutes", "20"]);
  assert.deepEqual(["shards", "shard-minutes"].map(other.reported), ["null (default)", "20 (command line)"]);
  const kept = await explained(site, ["--profile", minutes]);
  assert.deepEqual(["shards", "shard-minutes"].map(kept.reported), ["null (default)", "20 (profile)"]);
});

test("The old name of --out-dir takes the place of a profile's --out-dir", async (site) => {
  const profile = await site.write("place.json", '{ "options": { "out-dir": "runs" } }');
  const typed = await explained(site, ["--profile", profile, "--local-out-dir", "mine"], {}, "run");
  assert.deepEqual(["out-dir", "local-out-dir"].map(typed.reported), [". (default)", "mine (command line)"]);
});

test("A switch of a profile is true or false, and no other option is: it would take the next word that was typed", async (site) => {
  for (
    const [name, value, wanted] of [
      ["pulls", '"yes"', "true or false"],
      ["seed", "true", "a value, not true"],
      ["local-slots", "true", "a value, not true"],
    ] as const
  ) {
    const file = await site.write("p.json", `{ "options": { "${name}": ${value} } }`);
    const { stderr } = await site.run(
      ["run", "--profile", file, ...requestArgs(site.folder, { toys: 8, shards: 2 })],
      3,
    );
    assert.match(stderr, new RegExp(`Cannot use the profile ".*p\\.json": option "${name}" wants ${wanted}`));
  }
});

test("A profile gives options that all runs have, and --explain shows every option, with its default if it is not set", async (site) => {
  const file = await site.write("p.json", `{ "options": { "threads": 1, "shards": 4, "no-check": true } }`);
  const { reported } = await explained(site, ["--profile", file, "--pulls"]);
  assert.deepEqual(["threads", "shards", "no-check", "pulls"].map(reported), [
    ...["1 (profile)", "4 (profile)", "true (profile)", "true (command line)"],
  ]);
  const { stdout } = await site.run(["render", "--explain", "--no-check"]);
  for (
    const row of [
      /shards +- {2}\(local: 20 /,
      /run-id +- {2}\(default: from/,
      /local-slots +- {2}\(default: CPUs/,
    ]
  ) {
    assert.match(stdout, row);
  }
  assert.match(stdout, /^ {2}no-check +true {2}\(command line\)$/m);
});

test("preflight of this machine prints its CPUs, and requires names for ssh hosts", async (site) => {
  const { stdout } = await site.run(["preflight", "--scheduler", "local"]);
  assert.match(
    stdout,
    new RegExp(`^local, by nsfarm-deno .*\n.* ${navigator.hardwareConcurrency} CPUs?, \\d+ MB\n.*20 per CPU`),
  );
  assert.match((await site.run(["preflight", "--scheduler", "ssh"], 2)).stderr, /give --hosts-file FILE/);
});

test("the manual page has the defaults that --help shows", async (site) => {
  const { stdout } = await site.run(["completions", "man"]);
  for (const words of ["\\(default: 42\\)", '"mle", default: "init"\\)', '"transfer", default: "shared"\\)']) {
    assert.match(stdout, new RegExp(words));
  }
});

test("A profile's options are for its own scheduler only, and the command line overrides them", async (site) => {
  const file = await site.write(
    "p.json",
    `{ "scheduler": "slurm", "options": { "slurm-sbatch": ["--nice=1", "--hint=x"] } }`,
  );
  const local = await explained(site, ["--profile", file, "--scheduler", "local"]);
  assert.equal(local.reported("slurm-sbatch"), undefined);
  const typed = await explained(site, ["--profile", file, "--slurm-sbatch=--nice=2"]);
  assert.equal(typed.reported("slurm-sbatch"), "--nice=2 (command line)", "a list is replaced, not added to");
});

test("A run with a profile uses the profile's options", async (site) => {
  await copyFile(nextstat(), join(site.folder, "bin/nextstat"));
  const file = await site.write(
    "p.yaml",
    "scheduler: local\nnextstat_bin: bin/nextstat\noptions: { local-slots: 1 }\n",
  );
  const request = requestArgs(site.folder, { toys: 20, shards: 4 });
  request.splice(request.indexOf("--nextstat-bin"), 2);
  await site.run(["run", "--profile", file, ...request]);
  const dir = runDir(site.folder);
  assert.equal(at(await readJson(join(dir, "manifest.json")), "nextstat_bin"), join(site.folder, "bin/nextstat"));
  assert.equal(at(await readJson(join(dir, "manifest.json")), "farm.options.local-slots"), 1);
  assertSameToys(await readJson(join(dir, "merged.out.json")), await unsharded(site.folder, 20));
});

for (
  const [what, text, line, next] of [
    [
      "an unknown key",
      `{ "sheduler": "slurm" }`,
      /unknown key "sheduler": known are scheduler, options/,
      /Did you mean "scheduler"/,
    ],
    ["an unknown key of the plugin", `{ "plugin": { "fiel": "x.js" } }`, /unknown key "fiel"/, /Did you mean "file"/],
    [
      "an unknown option",
      `{ "scheduler": "slurm", "options": { "slurm-partion": "x" } }`,
      /slurm has no option "slurm-partion"/,
      /Did you mean "slurm-partition"/,
    ],
    [
      "an option that cannot be",
      `{ "scheduler": "slurm", "options": { "slurm-time": "soon" } }`,
      /Cannot use --slurm-time "soon"/,
      /The profile ".*" says so/,
    ],
    ["a wrong type", `{ "setup": "module load gcc" }`, /setup: /, /./],
    ["half a document", `{ "scheduler": "slurm", \n"options": { `, /it is no JSON: \w+ in line 2/, /./],
    ["a list", `[]`, /wanted an object/, /./],
    [
      "a wrong sum",
      `{ "scheduler": "toy", "plugin": { "file": "toy.js", "sha256": "${"0".repeat(64)}" } }`,
      /its sha256 is [0-9a-f]{64}, but the profile requires 0000/,
      /./,
    ],
    [
      "a plugin that is not there",
      `{ "scheduler": "toy", "plugin": { "file": "no.js" } }`,
      /no\.js": it is not there/,
      /./,
    ],
  ] as const
) {
  test(`A profile with ${what} is refused, and nothing is rendered`, async (site) => {
    await site.write("toy.js", SMALL_PLUGIN);
    const file = await site.write("p.jsonc", text);
    const request = requestArgs(site.folder, { toys: 20, shards: 4 });
    const { stderr } = await site.run(["render", "--profile", file, ...request], 3);
    assert.match(stderr, line);
    assert.match(stderr, next);
    assert.equal(await readText(join(runDir(site.folder), "manifest.json")), "");
  });
}

test("A pinned plugin is accepted with its sum", async (site) => {
  const plugin = await site.write("toy.js", SMALL_PLUGIN);
  const sum = new TextDecoder().decode(new Deno.Command("sha256sum", { args: [plugin] }).outputSync().stdout).slice(
    0,
    64,
  );
  const file = await site.write(
    "p.jsonc",
    `{ "scheduler": "toy", "plugin": { "file": "toy.js", "sha256": "${sum}" } }`,
  );
  await site.run(["render", "--profile", file, ...requestArgs(site.folder, { toys: 20, shards: 4 })]);
  await site.write("toy.js", changed("nobody has", "somebody has"));
  await site.run(["status", runDir(site.folder), "--profile", file], 3);
});

test("A profile that others can write, that does not exist, or that is in a run directory, is refused", async (site) => {
  const file = await site.write("p.jsonc", slurm("x"));
  await chmod(file, 0o666);
  assert.match(
    (await site.run(["render", "--explain", "--profile", file], 3)).stderr,
    /Cannot use the profile .*users other than its owner/,
  );
  assert.match((await site.run(["render", "--explain", "--profile", "no.jsonc"], 3)).stderr, /no\.jsonc" of --profile/);
  const env = { NSFARM_PROFILE: "no.jsonc" };
  assert.match((await site.run(["render", "--explain"], 3, env)).stderr, /of NSFARM_PROFILE: it is not there/);
  await site.run(["render", ...requestArgs(site.folder, { toys: 8, shards: 2 })]);
  const inside = await site.write("runs/r/p.jsonc", slurm("x"));
  assert.match((await site.run(["render", "--explain", "--profile", inside], 3)).stderr, /inside the run directory/);
});

test("preflight --write-profile writes a profile of its findings that works unchanged, and never over a file", async (site) => {
  const conf = "MaxArraySize = 501\nSLURM_VERSION = 24.11.5\nAccountingStorageType = accounting_storage/slurmdbd\n";
  await mkdir(join(site.folder, "stand"));
  const fake = async (name: string, text: string) => {
    await site.write(`stand/${name}`, `#!/bin/sh\ncat <<'END'\n${text}\nEND\n`);
    await chmod(join(site.folder, "stand", name), 0o755);
  };
  await fake("scontrol", conf);
  await fake("sinfo", "small|up|1|0/4/0/4|4000|infinite\nbig|up|9|0/90/0/90|4000|1-00:00:00");
  await fake("sacctmgr", "");
  const env = { PATH: `${join(site.folder, "stand")}:/usr/bin:/bin` };
  const { stdout, stderr } = await site.run(["preflight", "--scheduler", "slurm", "--write-profile", "--json"], 0, env);
  assert.match(stderr, /Use it with: nsfarm-deno run --profile .*nsfarm-deno\.jsonc'? …/);
  const path = join(site.folder, "nsfarm-deno.jsonc");
  assert.equal(JSON.parse(stdout).profile, path);
  const text = await readText(path);
  assert.match(text, /^\/\/ .*\n[\s\S]*largest array +501[\s\S]*"slurm-partition": "big"/);
  const { reported } = await explained(site, ["--profile", path]);
  assert.deepEqual([reported("scheduler"), reported("slurm-partition")], ["slurm (profile)", "big (profile)"]);
  await site.run(["preflight", "--scheduler", "slurm", "--write-profile"], 2, env);
  assert.equal(await readText(path), text);
  // What would not be written is refused.
  const hosts = await site.write("hosts", "w1\n");
  const other = await site.run(["preflight", "--hosts-file", hosts, "--write-profile", "h.jsonc"], 2, env);
  assert.match(other.stderr, /Cannot use --write-profile here: it belongs to --scheduler/);
  const out = await site.run(["preflight", "--scheduler", "slurm", "--out", "x.json"], 2, env);
  assert.match(out.stderr, /Cannot use --out here: it belongs to --hosts-file/);
});
