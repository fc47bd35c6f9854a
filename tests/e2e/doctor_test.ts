import assert from "node:assert/strict";
import { chmod, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SMALL_PLUGIN } from "../runtime/support/plugin_files.ts";
import { inputs, mustRun, nsfarm, renderRun, requestArgs, runArgs, runDir, spec10k } from "../support/farm.ts";
import { inFolder, killQuietly, until } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";
import { assertSameToys, readJson, unsharded } from "../support/toys.ts";

interface ReportedJob {
  troubles: { what: string; shards: number[]; hosts: string[]; said: string | null; log: string | null }[];
  next: string[] | null;
}

async function doctor(folder: string): Promise<ReportedJob> {
  return JSON.parse((await mustRun(folder, ["doctor", runDir(folder), "--json"])).stdout);
}

/** The command that doctor prints, run word for word by a shell, makes the whole run. */
async function follow(folder: string): Promise<void> {
  const { stdout } = await mustRun(folder, ["doctor", runDir(folder)]);
  const command = /^Next:\n {2}(.+)$/m.exec(stdout)?.[1];
  assert.ok(command, stdout);
  await mustRun(folder, ["-c", command], 0, { program: "sh" });
  assertSameToys(await readJson(join(runDir(folder), "merged.out.json")), await unsharded(folder, 8));
  const { stdout: after } = await mustRun(folder, ["doctor", runDir(folder)]);
  assert.match(after, /Nothing is wrong: all toys are merged into .*merged\.out\.json/);
}

/** Kinds of failure that a fit can end with, as its first attempt of shards 1 and 2 does. */
const FAULTS: [string, string, RegExp, RegExp][] = [
  ["an error", 'echo "cannot read shard_$shard" >&2; exit 3', /failed: exit 3/, /cannot read shard_1/],
  ["a kill", "kill -9 $$", /SIGKILL|killed/, /./],
  [
    "too little memory",
    'echo "memory allocation of 99 bytes failed" >&2; kill -6 $$',
    /out_of_memory/,
    /memory allocation/,
  ],
  ["no output", "exit 0", /output/, /./],
  ["half an output", 'echo "{" >"$out"; exit 0', /output/, /./],
];

for (const [what, fault, state, printed] of FAULTS) {
  Deno.test(`Shards that end by ${what} are one group, with host, first line and log, and doctor's command finishes the run`, () =>
    inFolder(async (folder) => {
      const { path } = await standIn(folder, `case $shard in 1 | 2) [ -e "$here/mended" ] || { ${fault}; } ;; esac`);
      await mustRun(folder, runArgs(folder, { toys: 8, shards: 8, nextstat: path }), 5);
      const { troubles: [trouble, ...more], next } = await doctor(folder);
      assert.deepEqual([trouble?.shards, more], [[1, 2], []]);
      assert.match(trouble?.what ?? "", state);
      assert.equal(trouble?.hosts.length, 1);
      if (`${printed}` !== "/./") {
        assert.match(trouble?.said ?? "", printed);
        assert.match(await readFile(trouble?.log ?? "", "utf8"), printed);
      }
      assert.ok(next?.includes("retry") && next.includes("--wait"));
      await writeFile(join(folder, "mended"), "");
      await follow(folder);
    }));
}

Deno.test("Two causes are two groups, the larger first", () =>
  inFolder(async (folder) => {
    const fault = 'case $shard in 1 | 2 | 5) echo "no licence" >&2; exit 3 ;; 6) exit 4 ;; esac';
    const { path } = await standIn(folder, `[ -e "$here/mended" ] || { ${fault}; }`);
    await mustRun(folder, runArgs(folder, { toys: 8, shards: 8, nextstat: path }), 5);
    assert.deepEqual((await doctor(folder)).troubles.map(({ shards }) => shards), [[1, 2, 5], [6]]);
    await writeFile(join(folder, "mended"), "");
    await follow(folder);
  }));

Deno.test("Shards that ran out of time: doctor raises the limit, or cuts them where there is none to raise", () =>
  inFolder(async (folder) => {
    const { path } = await standIn(folder, `[ "$shard" != 3 ] || [ -e "$here/mended" ] || sleep 30`);
    const more = ["--local-time", "00:06"];
    await mustRun(folder, runArgs(folder, { toys: 8, shards: 8, nextstat: path, more }), 5);
    const { troubles, next } = await doctor(folder);
    assert.match(troubles[0]?.what ?? "", /timed_out/);
    assert.ok(next?.includes("--more-time"));
    await writeFile(join(folder, "mended"), "");
    await follow(folder);
  }));

Deno.test("A run whose worker was killed: doctor lists the lost shards, and its command finishes the run", () =>
  inFolder(async (folder) => {
    const { path, pids } = await standIn(folder, `case $shard.$attempt in 4.1 | 5.1) exec sleep 60 ;; esac`);
    const more = ["--local-slots", "2"];
    const dir = await renderRun(folder, { toys: 8, shards: 8, nextstat: path, more });
    await mustRun(folder, ["submit", dir]);
    // Both, and with them both slots: a fit that begins after the kill would be waited for to its end.
    await until("both run", async () => (await pids(4)).length > 0 && (await pids(5)).length > 0);
    const status = JSON.parse((await mustRun(folder, ["work", dir, "--ask", "--json"])).stdout);
    for (const worker of status.workers) killQuietly(worker.process.pid);
    for (const shard of [4, 5]) for (const pid of await pids(shard)) killQuietly(pid);
    await until("they are seen to be gone", async () => {
      const { troubles } = await doctor(folder);
      return [4, 5].every((shard) => troubles.some(({ what, shards }) => /lost/.test(what) && shards.includes(shard)));
    });
    await follow(folder);
  }));

Deno.test("Changed inputs are reported as such; with them put back doctor's command finishes the run", () =>
  inFolder(async (folder) => {
    await cp(inputs(), join(folder, "inputs"), { recursive: true });
    const config = join(folder, "inputs", "gauss_exp_10k.json");
    const dir = await renderRun(folder, { toys: 8, shards: 8, config });
    await writeFile(config, `${await readFile(config, "utf8")}\n\n`);
    await nsfarm(folder, ["job", dir, "0", "1"]);
    const { troubles: [waiting, changed] } = await doctor(folder);
    assert.deepEqual([waiting?.shards.length, changed?.shards], [6, [0, 1]]);
    assert.match(changed?.what ?? "", /inputs/);
    await writeFile(config, await readFile(spec10k()));
    await follow(folder);
  }));

Deno.test("doctor's command submits a run that was only rendered, and merges one that is done", () =>
  inFolder(async (folder) => {
    const dir = await renderRun(folder, { toys: 8, shards: 8 });
    assert.ok((await doctor(folder)).next?.includes("submit"));
    await mustRun(folder, ["work", dir]);
    assert.ok((await doctor(folder)).next?.includes("merge"));
    await follow(folder);
  }));

Deno.test("doctor reports an unreachable scheduler and claims nothing", () =>
  inFolder(async (folder) => {
    const file = join(folder, "toy.js");
    const silent = SMALL_PLUGIN.replace(
      "query: () => []",
      'query: (_c, _h, round) => round ? [] : [{ argv: ["toysub"], timeout_s: 5 }]',
    )
      .replace(
        "readQuery: () => ok([])",
        'readQuery: (r) => ({ kind: "unclear", message: "the queue does not answer" })',
      );
    await writeFile(file, silent, { mode: 0o644 });
    await mkdir(join(folder, "bin"));
    await writeFile(join(folder, "bin", "toysub"), "#!/bin/sh\necho 7\n");
    await chmod(join(folder, "bin", "toysub"), 0o755);
    const env = { PATH: `${join(folder, "bin")}:/usr/bin:/bin` };
    const words = ["--plugin", file, "--scheduler", "toy"];
    await mustRun(folder, ["render", ...words, ...requestArgs(folder, { toys: 8, shards: 4 })], 0, { env });
    await mustRun(folder, ["submit", runDir(folder)], 0, { env });
    const { stdout } = await mustRun(folder, ["doctor", runDir(folder)], 0, { env });
    assert.match(stdout, /toy did not answer: the queue does not answer/);
    assert.match(stdout, /Next:\n {2}.* status .* --watch$/m);
  }));

Deno.test("doctor writes no colour into a pipe, and with NO_COLOR none on a terminal either", () =>
  inFolder(async (folder) => {
    const dir = await renderRun(folder, { toys: 8, shards: 4 });
    const on_terminal = async (env: Record<string, string>) => {
      const args = ["-qec", `"$NSFARM_TEST_BINARY" doctor '${dir}'`, "/dev/null"];
      return (await mustRun(folder, args, 0, { program: "script", env: { TERM: "xterm", ...env } })).stdout;
    };
    assert.ok(!(await mustRun(folder, ["doctor", dir])).stdout.includes("\u001b"));
    assert.ok((await on_terminal({})).includes("\u001b[1m"));
    assert.ok(!(await on_terminal({ NO_COLOR: "1" })).includes("\u001b["));
    assert.ok(!(await on_terminal({ TERM: "dumb" })).includes("\u001b["));
  }));
