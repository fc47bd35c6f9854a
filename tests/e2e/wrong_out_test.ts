import assert from "node:assert/strict";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, namesIn, nsfarm, runArgs, runDir } from "../support/farm.ts";
import { filesBelow } from "../support/files_below.ts";
import { inFolder } from "../support/scratch.ts";
import { assertUserError } from "../support/user_error.ts";

/** Commands that write where --out says, with what they call it. */
const WRITERS = (run: string, sweep: string) => [
  { words: ["merge", run, "--out"], what: "merged document" },
  { words: ["merge", "--input", join(run, "shard_0.out.json"), "--allow-partial", "--out"], what: "merged document" },
  { words: ["collect", run, "--out"], what: "manifest of this run" },
  { words: ["report", run, "--out"], what: "report" },
  { words: ["archive", run, "--out"], what: "archive" },
  { words: ["export", run, "--format", "csv", "--out"], what: "CSV export" },
  { words: ["export", run, "--format", "parquet", "--out"], what: "Parquet export" },
  { words: ["sweep", "summarize", "--sweep-json", sweep, "--out-md"], what: "summary" },
  { words: ["sweep", "summarize", "--sweep-json", sweep, "--out-csv"], what: "summary" },
];

const sweepWords = (folder: string) => {
  const [, ...words] = runArgs(folder, { toys: 4, shards: 1 });
  const own = ["--out-dir", "--run-id", "--shards"];
  const kept = words.filter((word, i) => !own.includes(word) && !own.includes(words[i - 1] ?? ""));
  return ["sweep", "run", ...kept, "--out-root", join(folder, "sweeps"), "--sweep-id", "s", "--shards-list", "1"];
};

Deno.test("no --out replaces a file of a run, or a file of another kind", () =>
  inFolder(async (folder) => {
    await mustRun(folder, runArgs(folder, { toys: 4, shards: 2 }));
    await mustRun(folder, sweepWords(folder));
    const [run, other] = [runDir(folder), runDir(folder, "other")];
    const sweep = join(folder, "sweeps", "s.sweep.json");
    await cp(run, other, { recursive: true });
    const thesis = join(folder, "thesis.txt");
    await writeFile(thesis, "years of work\n");
    const names = ["shard_0.out.json", "submit_meta.json", "shard_7.out.json"];
    const targets = names.map((name) => join(other, name)).concat(thesis);
    const before = await filesBelow(folder);
    for (const { words, what } of WRITERS(run, sweep)) {
      for (const target of targets) {
        const ran = await nsfarm(folder, [...words, target]);
        if (words[0] === "archive" && target === thesis) {
          assertUserError(ran, { code: 2, line: /Cannot write ".*": it exists already/, hint: /another --out/ });
        } else {
          const line = new RegExp(
            `Cannot write the ${what} to ".*": (the run keeps one of its own files there|the file there is not a)`,
          );
          assertUserError(ran, { code: 2, line, hint: /^ {2}Choose another --out/ });
        }
      }
      if (words[0] === "merge" || words[0] === "collect") continue;
      for (const name of ["manifest.json", "merged.out.json"]) {
        assertUserError(await nsfarm(folder, [...words, join(run, name)]), {
          code: 2,
          line: /the run keeps one of its own files there/,
        });
      }
    }
    assert.deepEqual(await filesBelow(folder), before);
  }));

Deno.test("--out replaces an older document of the same kind, under any name but a run's", () =>
  inFolder(async (folder) => {
    await mustRun(folder, runArgs(folder, { toys: 4, shards: 2 }));
    await mustRun(folder, sweepWords(folder));
    for (const { words } of WRITERS(runDir(folder), join(folder, "sweeps", "s.sweep.json"))) {
      if (words[0] === "archive") continue;
      const out = join(folder, `${words.join("_").replaceAll("/", "_")}.out`);
      for (let i = 0; i < 2; i++) assert.equal((await nsfarm(folder, [...words, out])).code, 0, words.join(" "));
    }
    const svg = ["report", runDir(folder), "--svg", join(folder, "figures")];
    for (let i = 0; i < 2; i++) await mustRun(folder, svg);
    const [figure = ""] = await namesIn(join(folder, "figures"));
    await writeFile(join(folder, "figures", figure), "mine");
    assertUserError(await nsfarm(folder, svg), { code: 2, line: /Cannot write the figure/, hint: /--svg/ });
  }));

Deno.test("a merge to another path leaves the run's own merge unchanged, and verify and archive valid", () =>
  inFolder(async (folder) => {
    await mustRun(folder, runArgs(folder, { toys: 4, shards: 2 }));
    const run = runDir(folder);
    const status = await readFile(join(run, "merge_status.json"), "utf8");
    await mustRun(folder, ["merge", run, "--require-all-converged", "--out", join(folder, "x.json")]);
    assert.equal(await readFile(join(run, "merge_status.json"), "utf8"), status);
    await mustRun(folder, ["verify", run]);
    await mustRun(folder, ["archive", run]);
    await mustRun(folder, ["merge", run, "--out", join("runs", "r", "merged.out.json")]);
    assert.notEqual(await readFile(join(run, "merge_status.json"), "utf8"), status);
    await mustRun(folder, ["verify", run]);
  }));

Deno.test("a merge is never written over one of its own inputs", () =>
  inFolder(async (folder) => {
    await mustRun(folder, runArgs(folder, { toys: 4, shards: 2 }));
    const merged = join(runDir(folder), "merged.out.json");
    const before = await readFile(merged, "utf8");
    const ran = await nsfarm(folder, ["merge", "--input", merged, "--out", merged]);
    assertUserError(ran, { code: 2, line: /Cannot merge ".*merged.out.json" into itself/, hint: /another --out/ });
    assert.equal(await readFile(merged, "utf8"), before);
  }));

Deno.test("a run directory or an input with a line break in its name is refused by every command, in the same words", () =>
  inFolder(async (folder) => {
    const dir = join(folder, "a\nb");
    await mkdir(dir);
    const commands = ["status", "submit", "work", "retry", "cancel", "merge", "collect", "verify", "report", "archive"]
      .map((name) => [name, dir]);
    const others = [["doctor", dir], ["export", dir, "--format", "csv"], ["extend", dir, "--n-toys", "+1"], [
      "finish",
      dir,
    ], ["logs", dir, "0"]];
    for (const words of [...commands, ...others, ["job", dir, "0"], ["merge", "--input", dir, "--out", "x"]]) {
      const ran = await nsfarm(folder, words);
      assertUserError(ran, {
        code: 2,
        line: /^nsfarm-deno: Cannot use (RUN_DIR|RUN_OR_SWEEP|--input) ".*a\\nb": a path may hold no line break/,
      });
    }
    assert.deepEqual(await namesIn(dir), []);
  }));
