import assert from "node:assert/strict";
import { copyFile, cp, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pinnedDeno, root } from "../../scripts/tools.ts";
import {
  binary,
  inputs,
  mustRun,
  namesIn,
  nextstat,
  nsfarm,
  readText,
  renderRun,
  requestArgs,
  runArgs,
  runDir,
} from "../support/farm.ts";
import { canMount, unlessMounting } from "../support/mounts.ts";
import { countDone, failedAttempts, readManifest } from "../support/run_dir.ts";
import { inFolder, until } from "../support/scratch.ts";
import { assertUserError } from "../support/user_error.ts";

/** What a shell must not make anything of. */
const ODD = `a b'c"d$HOME;e=f*g`;

Deno.test("the binary runs without HOME", () =>
  inFolder(async (folder) => {
    const env: Record<string, string> = { PATH: Deno.env.get("PATH") ?? "" };
    await mustRun(folder, runArgs(folder, { toys: 4, shards: 2 }), 0, { clearEnv: true, env });
    assert.equal(await countDone(runDir(folder)), 2);
  }));

Deno.test("the binary reads a spec in YAML", () =>
  inFolder(async (folder) => {
    await cp(inputs(), join(folder, "inputs"), { recursive: true });
    const config = join(folder, "inputs", "spec.yaml");
    await writeFile(config, `# as JSON, which is YAML too\n${await readText(join(inputs(), "gauss_exp_10k.json"))}`);
    await mustRun(folder, runArgs(folder, { toys: 4, shards: 2, config }));
    assert.equal(await countDone(runDir(folder)), 2);
  }));

Deno.test("the binary runs with an empty environment, in the foreground and in the background", () =>
  inFolder(async (folder) => {
    const where = { clearEnv: true };
    const words = requestArgs(folder, { toys: 4, shards: 2 }).filter((word) => word !== "--no-check");
    await mustRun(folder, ["run", ...words], 0, where);
    assert.equal(await countDone(runDir(folder)), 2);
    await mustRun(folder, ["render", ...requestArgs(folder, { toys: 4, shards: 2, id: "b" })], 0, where);
    await mustRun(folder, ["submit", runDir(folder, "b"), "--wait"], 0, where);
    assert.equal(await countDone(runDir(folder, "b")), 2);
    await until("the worker has gone", async () => (await namesIn(join(runDir(folder, "b"), "claims"))).length === 0);
  }));

Deno.test("the binary writes nothing into HOME or TMPDIR: no code cache, no settings", () =>
  inFolder(async (folder) => {
    const home = join(folder, "home");
    await mkdir(home);
    await mustRun(folder, runArgs(folder, { toys: 4, shards: 2 }), 0, { env: { HOME: home } });
    assert.deepEqual(await namesIn(home), []);
    assert.deepEqual(await namesIn(join(folder, "tmp")), []);
  }));

Deno.test({
  name: `it runs on a read-only /tmp${unlessMounting}`,
  ignore: !canMount,
  fn: () =>
    inFolder(async (folder) => {
      const script =
        `mount --bind /tmp /tmp && mount -o remount,ro,bind /tmp && ! touch /tmp/x 2>/dev/null && exec "$@"`;
      const words = requestArgs(folder, { toys: 4, shards: 2 }).filter((word) => word !== "--no-check");
      const args = ["--mount", "sh", "-c", script, "sh", binary(), "run", ...words];
      const where = { program: "unshare", env: { TMPDIR: "/tmp" } };
      await mustRun(folder, args, 0, where);
      assert.equal(await countDone(runDir(folder)), 2);
    }, "/var/tmp/nsfarm e2e "),
});

Deno.test({
  name: `it leaves /tmp empty${unlessMounting}`,
  ignore: !canMount,
  fn: () =>
    inFolder(async (folder) => {
      await copyFile(nextstat(), join(folder, "nextstat"));
      await copyFile(binary(), join(folder, "nsfarm-deno"));
      await cp(inputs(), join(folder, "in"), { recursive: true });
      const script = `mount -t tmpfs none /tmp && "$@" && ls -A /tmp >"$LEFT"`;
      const request = {
        toys: 4,
        shards: 2,
        nextstat: join(folder, "nextstat"),
        config: join(folder, "in", "gauss_exp_10k.json"),
      };
      const words = requestArgs(folder, request).filter((word) => word !== "--no-check");
      const args = ["--mount", "sh", "-c", script, "sh", join(folder, "nsfarm-deno"), "run", ...words];
      await mustRun(folder, args, 0, { program: "unshare", env: { TMPDIR: "/tmp", LEFT: join(folder, "left") } });
      assert.equal(await countDone(runDir(folder)), 2);
      assert.equal(await readFile(join(folder, "left"), "utf8"), "");
    }, "/var/tmp/nsfarm e2e "),
});

Deno.test("the binary runs from a folder whose name has spaces, quotes and shell characters, with all its inputs there too", () =>
  inFolder(async (folder) => {
    const odd = join(folder, ODD);
    await mkdir(odd);
    await cp(inputs(), join(odd, "in"), { recursive: true });
    await copyFile(nextstat(), join(odd, "nextstat"));
    const program = join(odd, "nsfarm-deno");
    await copyFile(binary(), program);
    const words = [
      "--config",
      "in/gauss_exp_10k.json",
      "--n-toys",
      "6",
      "--shards",
      "3",
      "--threads",
      "1",
      "--out-dir",
      "runs",
    ];
    const where = { program, cwd: odd };
    await mustRun(folder, ["run", ...words, "--run-id", "r"], 0, where);
    assert.equal(await countDone(join(odd, "runs", "r")), 3);
    await mustRun(folder, ["render", ...words, "--run-id", "b"], 0, where);
    await mustRun(folder, ["submit", "runs/b", "--wait"], 0, where);
    assert.equal(await countDone(join(odd, "runs", "b")), 3);
    assert.deepEqual(await failedAttempts(join(odd, "runs", "b")), []);
    assert.deepEqual(await namesIn(folder), [ODD, "tmp"]);
    await until("the worker has gone", async () => (await namesIn(join(odd, "runs", "b", "claims"))).length === 0);
  }));

Deno.test("the binary finds the nextstat beside it before the one on PATH, and none in the working directory", () =>
  inFolder(async (folder) => {
    const words = requestArgs(folder, { toys: 2, shards: 1 });
    const at = words.indexOf("--nextstat-bin");
    words.splice(at, 2);
    await copyFile(nextstat(), join(folder, "nextstat"));
    assertUserError(await nsfarm(folder, ["render", ...words], { env: { PATH: ":.:/nowhere" } }), {
      code: 2,
      line: /Cannot find nextstat/,
    });
    const bin = join(folder, "bin");
    await mkdir(bin);
    await copyFile(binary(), join(bin, "nsfarm-deno-0.1.0"));
    await symlink("nsfarm-deno-0.1.0", join(bin, "nsfarm-deno"));
    await copyFile(nextstat(), join(bin, "nextstat"));
    await mustRun(folder, ["render", ...words], 0, { program: join(bin, "nsfarm-deno"), env: { PATH: folder } });
    assert.equal((await readManifest(runDir(folder))).nextstat_bin, join(bin, "nextstat"));
  }));

Deno.test("a run and its job script keep the resolved path of a binary behind a versioned link", () =>
  inFolder(async (folder) => {
    const [versioned, link] = [join(folder, "bin", "nsfarm-deno-0.1.0"), join(folder, "bin", "nsfarm-deno")];
    await mkdir(join(folder, "bin"));
    await copyFile(binary(), versioned);
    await symlink("nsfarm-deno-0.1.0", link);
    for (const scheduler of ["local", "slurm"]) {
      const words = requestArgs(folder, { toys: 2, shards: 1, id: scheduler, more: ["--scheduler", scheduler] });
      await mustRun(folder, ["render", ...words], 0, { program: link });
      assert.equal((await readManifest(runDir(folder, scheduler))).farm.nsfarm_bin, versioned);
    }
    const script = await readText(join(runDir(folder, "slurm"), "slurm_array_job.sh"));
    assert(script.includes(versioned), script);
    await rm(link);
    await rename(versioned, join(folder, "bin", "nsfarm-deno-0.2.0"));
    await symlink("nsfarm-deno-0.2.0", link);
    assert.equal((await readManifest(runDir(folder, "slurm"))).farm.nsfarm_bin, versioned);
  }));

Deno.test("a run that another version rendered says so", () =>
  inFolder(async (folder) => {
    const dir = await renderRun(folder, { toys: 2, shards: 1 });
    const path = join(dir, "manifest.json");
    const version = /^nsfarm-deno (\S+)/.exec((await mustRun(folder, ["--version"])).stdout)?.[1] ?? "";
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace(`"nsfarm_version": "${version}"`, '"nsfarm_version": "0.0.7"'));
    assert.doesNotMatch(
      (await mustRun(folder, ["status", await renderRun(folder, { toys: 2, shards: 1, id: "own" })])).stderr,
      /version/,
    );
    const reported = new RegExp(
      `this run was rendered by nsfarm-deno 0\\.0\\.7; this is ${version.replaceAll(".", "\\.")}`,
    );
    for (const words of [["status", dir], ["work", dir], ["logs", dir, "0"], runArgs(folder, { toys: 2, shards: 1 })]) {
      assert.match((await mustRun(folder, words)).stderr, reported, words[0]);
    }
  }));

Deno.test("--version prints the version of deno.json, and with --json the runtime inside", () =>
  inFolder(async (folder) => {
    const { version } = JSON.parse(await readFile(join(root, "deno.json"), "utf8"));
    assert.equal((await mustRun(folder, ["--version"])).stdout, `nsfarm-deno ${version}\n`);
    const reported = JSON.parse((await mustRun(folder, ["--version", "--json"])).stdout);
    const { name, deno, build: { target, denort_sha256 } } = reported;
    assert.deepEqual({ name, version: reported.version, deno }, { name: "nsfarm-deno", version, deno: pinnedDeno });
    assert.match(target, /^(x86_64|aarch64)-unknown-linux-gnu$/);
    assert.match(denort_sha256, /^[0-9a-f]{64}$/);
  }));
