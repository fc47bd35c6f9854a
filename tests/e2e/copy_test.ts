import assert from "node:assert/strict";
import { cp, mkdir, rename, truncate } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, nsfarm, renderRun, requestArgs } from "../support/farm.ts";
import { filesBelow } from "../support/files_below.ts";
import { inFolder, until } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";
import { assertSameToys, readJson, unsharded } from "../support/toys.ts";

const merged = (dir: string) => join(dir, "merged.out.json");

Deno.test("a copy of a rendered run is still open when the original is done, and becomes a run of its own by work", () =>
  inFolder(async (folder) => {
    const dir = await renderRun(folder, { toys: 8, shards: 2 });
    const copy = join(folder, "copy");
    await cp(dir, copy, { recursive: true });
    await mustRun(folder, ["work", dir]);
    await mustRun(folder, ["merge", dir]);
    const before = await filesBelow(dir);

    const status = await mustRun(folder, ["status", copy]);
    assert.match(status.stdout, /2 not submitted of 2 shards/);
    assert.ok(status.stderr.includes(`this is a copy of "${dir}"`), status.stderr);
    assert.match((await mustRun(folder, ["verify", copy], 5)).stdout, /0\/2 shards valid, merged\.out\.json absent/);
    await mustRun(folder, ["collect", copy], 5);
    await mustRun(folder, ["merge", copy], 5);

    const work = await mustRun(folder, ["work", copy]);
    assert.match(work.stderr, /an independent run from now on/);
    assert.doesNotMatch((await mustRun(folder, ["status", copy])).stderr, /this is a copy/);
    await mustRun(folder, ["merge", copy]);
    assertSameToys(await readJson(merged(copy)), await unsharded(folder, 8));
    assert.deepEqual(await filesBelow(dir), before, "the original is as it was");
  }));

Deno.test("a copy of a running run runs nothing: cancel leaves the original alone, and retry finishes the copy", () =>
  inFolder(async (folder) => {
    const fake = await standIn(folder, 'until [ -e "$here/go" ]; do sleep 0.05; done');
    const dir = await renderRun(folder, { toys: 8, shards: 4, nextstat: fake.path });
    await mustRun(folder, ["submit", dir]);
    await until("a fit has begun", async () => (await fake.log()).length > 0);
    const copy = join(folder, "copy");
    await cp(dir, copy, { recursive: true });

    const seen = JSON.parse((await mustRun(folder, ["status", copy, "--json"])).stdout);
    assert.deepEqual([seen.counts.running, seen.workers], [undefined, []]);
    const cancelled = await mustRun(folder, ["cancel", copy]);
    assert.match(cancelled.stdout, /no job of this run is running or queued/);
    assert.ok(cancelled.stderr.includes(`this is a copy of "${dir}"`), cancelled.stderr);
    const original = JSON.parse((await mustRun(folder, ["status", dir, "--json"])).stdout);
    assert.ok(original.counts.running > 0 && original.workers.length === 1, JSON.stringify(original));

    await fake.mark("go");
    await mustRun(folder, ["retry", copy, "--wait"]);
    await mustRun(folder, ["submit", dir, "--wait"]);
    for (const run of [copy, dir]) assertSameToys(await readJson(merged(run)), await unsharded(folder, 8));
    await mustRun(folder, ["verify", dir]);
    await mustRun(folder, ["verify", copy]);
    assert.match((await mustRun(folder, ["status", dir])).stdout, /4 done of 4 shards/);
  }));

Deno.test("commands on a copied sweep act on the copy", () =>
  inFolder(async (folder) => {
    const [root, copy] = [join(folder, "S"), join(folder, "S2")];
    await mkdir(root);
    const request = requestArgs(folder, { toys: 8, shards: 1 });
    const words = request.filter((word, i) =>
      !/^--(shards|out-dir|run-id|no-check)$/.test(word) && !/^--(shards|out-dir|run-id)$/.test(request[i - 1] ?? "")
    );
    const more = ["--out-root", root, "--sweep-id", "q", "--shards-list", "1,2", "--no-check"];
    await mustRun(folder, ["sweep", "run", ...words, ...more]);
    await cp(root, copy, { recursive: true });
    await truncate(join(copy, "q_sh2", "shard_0.out.json"), 100);
    const before = await filesBelow(root);
    const sweep = ["--sweep-json", join(copy, "q.sweep.json")];
    const collected = await mustRun(folder, ["sweep", "collect", ...sweep], 5);
    assert.ok(collected.stdout.includes(join(copy, "q_sh2")) && !collected.stdout.includes(`${root}/`));
    await mustRun(folder, ["sweep", "submit", "--force", ...sweep]);
    await mustRun(folder, ["verify", join(copy, "q_sh2")]);
    assert.deepEqual(await filesBelow(root), before, "the original is as it was");
  }));

Deno.test("a manifest collected elsewhere leads every command to its run", () =>
  inFolder(async (folder) => {
    const dir = await renderRun(folder, { toys: 8, shards: 2 });
    await mustRun(folder, ["work", dir]);
    await mkdir(join(folder, "elsewhere"));
    const manifest = join(folder, "elsewhere", "manifest.json");
    await mustRun(folder, ["collect", dir, "--out", manifest]);
    assert.match((await mustRun(folder, ["status", manifest])).stdout, /2 done of 2 shards/);
    assert.match((await mustRun(folder, ["verify", manifest])).stdout, /2\/2 shards valid/);
    await mustRun(folder, ["merge", "--manifest", manifest]);
    assert.equal((await nsfarm(folder, ["submit", manifest])).stdout, "Nothing to submit: all 2 shards are done\n");
  }));

Deno.test("a run that was moved while none of its shards ran continues at its new path", () =>
  inFolder(async (folder) => {
    const dir = await renderRun(folder, { toys: 8, shards: 2 });
    const moved = join(folder, "moved");
    await rename(dir, moved);
    const { stderr } = await mustRun(folder, ["submit", moved, "--wait"]);
    assert.ok(stderr.includes(`the run was moved here from "${dir}"`), stderr);
    assertSameToys(await readJson(merged(moved)), await unsharded(folder, 8));
  }));
