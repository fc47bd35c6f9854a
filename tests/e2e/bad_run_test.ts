import assert from "node:assert/strict";
import { mkdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { someOf } from "../support/amount.ts";
import { namesIn, nsfarm, renderRun, runArgs } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";
import { assertUserError } from "../support/user_error.ts";

/** Commands that open a run, with the words after it. */
const OPENERS = [["status"], ["submit"], ["work"], ["job", "0"], ["logs", "0"], ["retry"], ["cancel"], ["merge"], [
  "collect",
], ["verify"]];

type Manifest = Record<string, unknown>;

interface BadManifest {
  what: string;
  line: RegExp;
  /** What becomes of the manifest's path. */
  make: (path: string, manifest: Manifest) => Promise<unknown>;
}

const edited = (change: (manifest: Manifest) => unknown) => async (path: string, manifest: Manifest) => {
  await writeFile(path, JSON.stringify(change(manifest)));
};

const withPlan = (change: Manifest) =>
  edited((manifest) => {
    const [first, ...rest] = Array.isArray(manifest["plans"]) ? manifest["plans"] : [];
    return { ...manifest, plans: [{ ...first, ...change }, ...rest] };
  });

const MANIFESTS: BadManifest[] = [
  { what: "no manifest", line: /Cannot read the manifest ".*": it is not there/, make: (path) => rm(path) },
  {
    what: "an empty manifest",
    line: /Cannot read the manifest ".*": it is empty/,
    make: (path) => writeFile(path, ""),
  },
  {
    what: "half a manifest",
    line: /Cannot read the manifest ".*": it is no JSON/,
    make: async (path) => await writeFile(path, (await readFile(path)).subarray(0, 700)),
  },
  {
    what: "a manifest of bytes",
    line: /Cannot read the manifest ".*": it is no text in UTF-8/,
    make: (path) => writeFile(path, new Uint8Array([0xff, 0xfe, 0x00])),
  },
  {
    what: "a manifest of another schema",
    line: /Cannot read the manifest ".*": .*schema_version/,
    make: edited((manifest) => ({ ...manifest, schema_version: "nextstat.pf32_shard_sweep.v1" })),
  },
  {
    what: "a manifest nested 200,000 deep",
    line: /Cannot read the manifest ".*": it is nested deeper than/,
    make: (path) => writeFile(path, `{"schema_version":${"[".repeat(200_000)}${"]".repeat(200_000)}}`),
  },
  {
    what: "a manifest of 300 MB",
    line: /Cannot read the manifest ".*": it has 300000000 bytes, more than the limit/,
    make: (path) => truncate(path, 300e6),
  },
  {
    what: "a FIFO as manifest",
    line: /Cannot read the manifest ".*": it is no regular file/,
    make: (path) => rm(path).then(() => new Deno.Command("mkfifo", { args: [path] }).output()),
  },
  {
    what: "a folder as manifest",
    line: /Cannot read the manifest ".*": it is a folder/,
    make: (path) => rm(path).then(() => mkdir(path)),
  },
  {
    what: "a link as manifest",
    line: /Cannot read the manifest ".*": it is a link/,
    make: (path) => rename(path, `${path}.real`).then(() => symlink(`${path}.real`, path)),
  },
  {
    what: "a manifest whose shards leave toys out",
    line: /manifest ".*" contradicts itself: no shard has the toys 0 to 3/,
    make: withPlan({ toy_start: 4, seed: 46 }),
  },
  {
    what: "a manifest with a wrong seed",
    line: /manifest ".*" contradicts itself: plans\[0\] has seed 43, wanted 42/,
    make: withPlan({ seed: 43 }),
  },
  {
    what: "a manifest whose shard index leaves the run directory",
    line: /Cannot read the manifest ".*": .*shard_index/,
    make: withPlan({ shard_index: "../../x" }),
  },
  {
    what: "a manifest with a seed beyond 2^53",
    line: /Cannot read the manifest ".*": .*seed/,
    make: edited((manifest) => ({ ...manifest, seed: 2 ** 60 })),
  },
  {
    what: "a manifest of no shards",
    line: /Cannot read the manifest ".*": .*plans/,
    make: edited((manifest) => ({ ...manifest, plans: [] })),
  },
  {
    what: "a manifest of 10^9 shards",
    line: /manifest ".*" contradicts itself: it has 2 plans for 1000000000 shards/,
    make: edited((manifest) => ({ ...manifest, shards: 1e9 })),
  },
];

const OPENED = someOf(
  "commands that open a run with one bad manifest",
  MANIFESTS.flatMap(({ what }) => OPENERS.map((words) => ({ what, words }))),
  3,
);

for (const { what, line, make } of MANIFESTS) {
  Deno.test(`every command that opens a run reports ${what} in one line, and writes nothing`, () =>
    inFolder(async (folder) => {
      const dir = await renderRun(folder, { toys: 8, shards: 2 });
      const path = join(dir, "manifest.json");
      await make(path, JSON.parse(await readFile(path, "utf8")));
      const before = await namesIn(dir);
      for (const { words: [command = "", ...rest] } of OPENED.filter((one) => one.what === what)) {
        assertUserError(await nsfarm(folder, [command, dir, ...rest]), { code: 3, line });
      }
      if (what !== "no manifest") {
        assertUserError(await nsfarm(folder, runArgs(folder, { toys: 8, shards: 2 })), { code: 3, line });
      }
      assert.deepEqual(await namesIn(dir), before);
    }));
}

Deno.test("every command that opens a run reports a missing run directory in one line", () =>
  inFolder(async (folder) => {
    for (const [command = "", ...rest] of OPENERS) {
      const ran = await nsfarm(folder, [command, join(folder, "none"), ...rest]);
      assertUserError(ran, { code: 3, line: /Cannot read the manifest ".*none\/manifest\.json": it is not there/ });
    }
  }));
