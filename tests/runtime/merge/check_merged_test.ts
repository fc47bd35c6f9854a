import assert from "node:assert/strict";
import { readFile, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { NO_GUARDRAILS } from "../../../core/merge/guardrails.ts";
import type { FarmManifest } from "../../../core/schema/manifest.ts";
import { mergedCheckOf, summedCheckOf } from "../../../runtime/merge/check_merged.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { writeRun } from "../../fixtures/run_dir.ts";
import { inFolder } from "../../support/scratch.ts";
import { merge } from "../support/merging.ts";

async function mergedRun(folder: string): Promise<{ manifest: FarmManifest; path: string }> {
  const manifest = inventedRun(join(folder, "invented"));
  await writeRun(manifest);
  await merge(manifest.run_dir);
  return { manifest, path: join(manifest.run_dir, "merged.out.json") };
}

const stateOf = (manifest: FarmManifest) => mergedCheckOf({ dir: manifest.run_dir, manifest }).state;

Deno.test("a merged document is whole, also in another program's layout", () =>
  inFolder(async (folder) => {
    const { manifest, path } = await mergedRun(folder);
    const text = await readFile(path, "utf8");
    assert.equal(stateOf(manifest), "whole");
    const { guardrails, ...rest } = JSON.parse(text);
    for (const again of [JSON.parse(text), { ...rest, guardrails }, { merge: rest.merge, ...rest, guardrails }]) {
      for (const space of [0, 2, 4]) {
        await writeFile(path, JSON.stringify(again, null, space));
        assert.equal(stateOf(manifest), "whole");
      }
    }
  }));

Deno.test("the guardrails of a document are those before its results; no text inside can replace them", () =>
  inFolder(async (folder) => {
    const { manifest, path } = await mergedRun(folder);
    const document = JSON.parse(await readFile(path, "utf8"));
    document.guardrails = { ...document.guardrails, passed: false, failures: ['\n  "results": {', '\n  "merge": {'] };
    await writeFile(path, JSON.stringify(document, null, 2));
    const { state, findings } = mergedCheckOf({ dir: manifest.run_dir, manifest });
    assert.deepEqual([state, findings.length], ["whole", 2]);
  }));

Deno.test("a merged document that is truncated, empty, of another kind, or a link is damaged", () =>
  inFolder(async (folder) => {
    const { manifest, path } = await mergedRun(folder);
    const text = await readFile(path, "utf8");
    const ends = Array.from({ length: 40 }, (_, i) => Math.floor(i * (text.length - 2) / 39));
    for (const end of ends) {
      await writeFile(path, text.slice(0, end));
      assert.equal(stateOf(manifest), "damaged", `cut at ${end} of ${text.length}`);
    }
    await writeFile(path, await readFile(join(manifest.run_dir, "shard_0.out.json")));
    assert.equal(stateOf(manifest), "damaged");
    await rm(path);
    assert.equal(stateOf(manifest), "absent");
    await writeFile(join(folder, "elsewhere"), text);
    await symlink(join(folder, "elsewhere"), path);
    assert.equal(stateOf(manifest), "damaged");
  }));

Deno.test("a merged document with one changed digit is damaged until it is merged again", () =>
  inFolder(async (folder) => {
    const { manifest, path } = await mergedRun(folder);
    const check = () => summedCheckOf({ dir: manifest.run_dir, manifest }).state;
    const text = await readFile(path, "utf8");
    assert.equal(check(), "whole");
    const at = text.search(/[1-9],\n/);
    await writeFile(path, `${text.slice(0, at)}0${text.slice(at + 1)}`);
    assert.equal(check(), "damaged");
    await merge(manifest.run_dir);
    assert.equal(check(), "whole");
  }));

Deno.test("a merged document that cannot be compared with its merge is damaged, not whole", () =>
  inFolder(async (folder) => {
    const { manifest } = await mergedRun(folder);
    const dir = manifest.run_dir;
    const check = () => summedCheckOf({ dir, manifest });
    const status = join(dir, "merge_status.json");
    const text = await readFile(status, "utf8");
    await writeFile(status, text.slice(0, 40));
    const [finding] = check().findings;
    assert.match(finding?.what ?? "", /^merged.out.json cannot be compared .*: merge_status.json is no JSON/);
    assert.equal(check().state, "damaged");
    await writeFile(status, text);
    // Written again since, so that the bytes decide.
    await utimes(join(dir, "merged.out.json"), new Date(), new Date());
    const real = Deno.FsFile.prototype.readSync;
    Deno.FsFile.prototype.readSync = function (bytes: Uint8Array) {
      if (new Error().stack?.includes("hashFile")) throw new Error("Input/output error (os error 5)");
      return real.call(this, bytes);
    };
    try {
      assert.match(check().findings[0]?.what ?? "", /the disk or its file server reports an error/);
    } finally {
      Deno.FsFile.prototype.readSync = real;
    }
    await merge(dir);
    assert.equal(check().state, "whole");
  }));

Deno.test("a merge that has written its document and not yet its status is waited for", () =>
  inFolder(async (folder) => {
    const { manifest } = await mergedRun(folder);
    const dir = manifest.run_dir;
    const status = join(dir, "merge_status.json");
    const before = await readFile(status);
    await merge(dir, { guardrails: { ...NO_GUARDRAILS, require_all_converged: true } });
    await rename(status, join(folder, "status"));
    await writeFile(status, before);
    const check = () => summedCheckOf({ dir, manifest }).state;
    assert.equal(check(), "damaged", "no merge is at it");
    const script = 'echo locked; sleep 0.3; cp "$1" "$2"';
    const args = [join(dir, ".merge_status.json.lock"), "sh", "-c", script, "sh", join(folder, "status"), status];
    const merging = new Deno.Command("flock", { args, stdout: "piped" }).spawn();
    const reader = merging.stdout.getReader();
    await reader.read();
    assert.equal(check(), "whole");
    await reader.cancel();
    assert.ok((await merging.status).success);
  }));
