import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { appendFile, copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { acceptNextstat } from "../../runtime/control/accept_nextstat.ts";
import { loadFarmRun } from "../../runtime/run/load_manifest.ts";
import { loadAdapter } from "../../runtime/scheduler/adapters.ts";
import { mustRun, nsfarm, renderRun, runArgs, runDir } from "../support/farm.ts";
import { readAttempts, readManifest, readRecord } from "../support/run_dir.ts";
import { inFolder } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";
import { assertUserError } from "../support/user_error.ts";
import { assertSameToys, at, readJson, unsharded } from "../support/toys.ts";

const sha256Of = async (path: string) => createHash("sha256").update(await readFile(path)).digest("hex");

/** A wrapper around nextstat that cannot fit shard 2 until it is edited. */
const BROKEN = `[ "$shard" != 2 ] || exit 3 # broken`;

/** Mends it as a user would: the same file, of the same length, without what made it fail. */
async function mend(path: string): Promise<void> {
  const text = await readFile(path, "utf8");
  const mended = text.replace(BROKEN, BROKEN.replace("exit 3", "true  "));
  assert.notEqual(mended, text);
  await writeFile(path, mended);
}

Deno.test("a nextstat that changed between attempts is refused; once it is accepted, each shard records its own", () =>
  inFolder(async (folder) => {
    const fake = await standIn(folder, BROKEN);
    const options = { toys: 6, shards: 3, nextstat: fake.path };
    const dir = runDir(folder);
    await mustRun(folder, runArgs(folder, options), 5);
    const before = await sha256Of(fake.path);
    await mend(fake.path);
    const after = await sha256Of(fake.path);

    const refused = { code: 3, line: new RegExp(`${after.slice(0, 12)}, not ${before.slice(0, 12)}`) };
    const hint = /Restore it, or .*retry .*--accept-changed-nextstat/;
    assertUserError(await nsfarm(folder, ["work", dir, "--retry-failed"]), { ...refused, hint });
    assertUserError(await nsfarm(folder, ["extend", dir, "--n-toys", "+2"]), { ...refused, hint });
    assert.equal((await nsfarm(folder, ["job", dir, "2"])).code, 5);
    assert.equal((await readAttempts(dir)).at(-1)?.end?.cause, "version");
    assert.match((await mustRun(folder, ["doctor", dir])).stdout, /--accept-changed-nextstat/);

    const ran = await mustRun(folder, [...runArgs(folder, options), "--accept-changed-nextstat"]);
    assert.match(ran.stderr, /2 nextstat files made these toys: sha256 /);
    const sums = await Promise.all([0, 1, 2].map(async (shard) => (await readRecord(dir, shard)).nextstat_sha256));
    assert.deepEqual(sums, [before, before, after]);
    const merged = await readJson(join(dir, "merged.out.json"));
    assert.deepEqual(at(merged, "merge.farm.nextstat_sha256s"), [before, after].sort());
    assert.equal(at(merged, "merge.farm.nextstat_sha256"), null);
    assertSameToys(merged, await unsharded(folder, 6));
    await mustRun(folder, ["verify", dir]);
    assert.match((await readManifest(dir)).farm.history.at(-1)?.change ?? "", new RegExp(after));

    await appendFile(fake.path, "# changed again\n");
    assert.match((await mustRun(folder, ["verify", dir], 5)).stdout, /stand-in is not the file/);
  }));

Deno.test("a worker loop checks nextstat and the spec before each attempt, not once", () =>
  inFolder(async (folder) => {
    // The fit of the first shard changes the very file by which the second would be fitted.
    const fake = await standIn(folder, `[ "$shard" != 0 ] || echo "# changed" >>"$here/stand-in"`);
    await mustRun(
      folder,
      runArgs(folder, { toys: 4, shards: 2, nextstat: fake.path, more: ["--local-slots", "1"] }),
      5,
    );
    const [attempt] = await readAttempts(runDir(folder));
    assert.deepEqual([attempt?.shard_index, attempt?.end?.cause], [1, "version"]);
    assert.match(attempt?.end?.stderr_tail[0] ?? "", /stand-in" is not the file that the run was rendered with/);
    assert.equal((await fake.log()).filter((line) => line.what === "start").length, 1);
  }));

Deno.test("a nextstat of another version is never accepted", () =>
  inFolder(async (folder) => {
    const fake = await standIn(folder, "");
    const dir = await renderRun(folder, { toys: 4, shards: 2, nextstat: fake.path });
    await standIn(folder, "", "0.11.0");
    for (const command of ["retry", "submit"]) {
      const ran = await nsfarm(folder, [command, dir, "--accept-changed-nextstat"]);
      assertUserError(ran, {
        code: 3,
        line: /is version 0\.11\.0, the run was rendered with 0\.10\.1/,
        hint: /new run/,
      });
    }
  }));

Deno.test("the sh wrapper does not run a changed nextstat until it is accepted", () =>
  inFolder(async (folder) => {
    const fake = await standIn(folder, `[ "$shard" != 0 ] || echo "# changed" >>"$here/stand-in"`);
    const more = ["--scheduler", "htcondor", "--wrapper", "sh"];
    const dir = await renderRun(folder, { toys: 6, shards: 3, nextstat: fake.path, more });
    const wrapper = join(dir, "job_wrapper.sh");
    const ran = await nsfarm(folder, [wrapper, "shared", "0+1"], { program: "sh" });
    assert.equal(ran.code, 5, "one call of it looks before each of its shards");
    await mustRun(folder, ["collect", dir], 5);
    const ends = async () =>
      (await readAttempts(dir)).map(({ shard_index, end }) => `${shard_index} ${end?.cause} ${end?.stderr_tail[0]}`);
    assert.match((await ends()).join("\n"), /^1 version nextstat there is not the file that the run was rendered with/);
    assert.equal((await fake.log()).filter((line) => line.what === "start").length, 1, "it fitted shard 0 alone");
    // As retry does, without a scheduler to submit to: the wrapper is written anew and names the changed file.
    await acceptNextstat(loadFarmRun(dir), await loadAdapter("htcondor"));
    await mustRun(folder, [wrapper, "shared", "1+2"], 0, { program: "sh" });
    await mustRun(folder, ["collect", dir]);
    assert.equal((await readRecord(dir, 1)).nextstat_sha256, await sha256Of(fake.path));
    assert.notEqual((await readRecord(dir, 0)).nextstat_sha256, await sha256Of(fake.path));
    await mustRun(folder, ["merge", dir]);
    await mustRun(folder, ["verify", dir]);
  }));

Deno.test("a nextstat with changed times alone is the same one", () =>
  inFolder(async (folder) => {
    const fake = await standIn(folder, "");
    const dir = await renderRun(folder, { toys: 4, shards: 2, nextstat: fake.path });
    await copyFile(fake.path, `${fake.path}.copy`);
    await Deno.rename(`${fake.path}.copy`, fake.path);
    await mustRun(folder, ["job", dir, "0", "1"]);
    assert.equal((await readRecord(dir, 0)).nextstat_sha256, await sha256Of(fake.path));
  }));
