import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beginsWith, refuseOut } from "../../../runtime/fs/refuse_out.ts";
import { inFolder } from "../../support/scratch.ts";

const NOTE = {
  flag: "--out",
  what: "note",
  name: "merged.out.json",
  isOne: (path: string) => beginsWith(path, (head) => head.startsWith("# note")),
};

async function runIn(folder: string): Promise<string> {
  const run = join(folder, "r");
  await mkdir(join(run, "attempts"), { recursive: true });
  await writeFile(join(run, "manifest.json"), "{}");
  return run;
}

Deno.test("names that a run reserves for itself are refused, whether the file exists or not", () =>
  inFolder(async (folder) => {
    const run = await runIn(folder);
    const kept = [
      "manifest.json",
      "merge_status.json",
      "submit_meta.json",
      "shard_0.out.json",
      "shard_12.metrics.json",
    ];
    for (
      const name of [
        ...kept,
        "merged.out.json",
        ".submit.lock",
        "attempts",
        "attempts/shard_0.1.json",
        "claims/x",
        "aside/x",
      ]
    ) {
      const error = {
        kind: "usage",
        message: /Cannot write the note to ".*": the run keeps one of its own files there/,
      };
      assert.throws(() => refuseOut(NOTE, join(run, name)), error, name);
    }
  }));

Deno.test("other names in a run, names of a run elsewhere, and the document's own name beside a lone manifest are free", () =>
  inFolder(async (folder) => {
    const run = await runIn(folder);
    for (const path of [join(run, "mine.json"), join(run, "logs", "x")]) refuseOut(NOTE, path);
    const apart = join(folder, "apart");
    await mkdir(apart);
    await writeFile(join(apart, "manifest.json"), "{}");
    refuseOut(NOTE, join(apart, "merged.out.json"));
    for (const name of ["shard_0.out.json", "merge_status.json"]) refuseOut(NOTE, join(folder, name));
  }));

Deno.test("only an older document of the same kind is replaced: no other file, folder, link or device", () =>
  inFolder(async (folder) => {
    const path = (name: string) => join(folder, name);
    await writeFile(path("older"), "# note of yesterday\n");
    refuseOut(NOTE, path("older"));
    await writeFile(path("other"), "years of work\n");
    await writeFile(path("empty"), "");
    await mkdir(path("folder"));
    await symlink(path("older"), path("link"));
    for (const target of [...["other", "empty", "folder", "link"].map(path), "/dev/null"]) {
      const error = { kind: "usage", message: /the file there is not a note and would be lost/ };
      assert.throws(() => refuseOut(NOTE, target), error, target);
    }
  }));
