import assert from "node:assert/strict";
import { join } from "node:path";
import { output } from "../clusters/as_user.ts";
import { withNodeView } from "../clusters/node_view.ts";
import { assertMerged, retryToEnd, slurmFile, statusNow, statusWords, untilIdle } from "../clusters/slurm_farm.ts";
import { namesIn, requestArgs, runDir } from "../support/farm.ts";
import { canMount } from "../support/mounts.ts";
import { readAttempts } from "../support/run_dir.ts";

/** A small file system that the nodes see too. */
const disk = await Deno.makeTempDir({ prefix: "nsfarm-disk-" });
const mount = async () => {
  if (canMount) await output(["mount", "-t", "tmpfs", "-o", "size=2m", "none", disk], {});
  await Deno.chmod(disk, 0o777);
};
addEventListener("unload", () => {
  new Deno.Command("umount", { args: ["-l", disk], stderr: "null" }).outputSync();
  Deno.removeSync(disk, { recursive: true });
});

const test = slurmFile([], mount);

test("files that appear late are awaited; the record alone is no result; a file that arrives later still counts", async (farm) => {
  const dir = await farm.render({ toys: 8, shards: 4 });
  await withNodeView(farm.cluster, dir, async (view) => {
    await farm.must(["submit", dir]);
    await untilIdle(farm);
    assert.match(await statusWords(farm, dir), /running +waiting for files: shards 0-3/);
    assert.match(await statusNow(farm, dir), /lost +its job.*: shards 0-3/);
    await view.bring(/^shard_[01]\.metrics\.json$/);
    assert.match(await statusWords(farm, dir), /0 of 8 toys/);
    assert.doesNotMatch(await statusWords(farm, dir), /failed|lost/);
    await view.bring(/^shard_0\.out\.json$/);
    assert.match(await statusWords(farm, dir), /1 done/);
    await view.bring();
  });
  await farm.must(["submit", dir, "--wait"]);
  await assertMerged(dir, { toys: 8 });
  assert.deepEqual(await readAttempts(dir), []);
  assert.deepEqual(await namesIn(join(dir, "aside")), []);
});

test("status names a node that fails every job at once, with the option that excludes it, and that option finishes the run", async (farm) => {
  const fake = await farm.standIn(`[ "$(uname -n)" = n1 ] || sleep 1
[ "$(uname -n)" != n1 ] || { echo "libgsl.so.27: cannot open shared object file" >&2; exit 127; }`);
  const dir = await farm.render({ toys: 12, shards: 12, nextstat: fake.path });
  await farm.must(["submit", dir]);
  await untilIdle(farm);
  const words = await statusNow(farm, dir);
  assert.match(words, /failed +exit 127: libgsl\.so\.27: cannot open shared object file: shards? .* on n1\n/);
  assert.match(words, /node n1 is at fault: all \d+ shards there failed;/);
  const line = /nsfarm-deno (retry .* --slurm-exclude n1)$/m.exec(words)?.[1] ?? "";
  assert.notEqual(line, "", words);
  await farm.must(["retry", dir, "--wait", ...line.split(" ").slice(-2)]);
  await assertMerged(dir, { toys: 12 });
});

test("a node that failed all its jobs in two runs is named before the next one, and --avoid-nodes recent avoids it", async (farm) => {
  const fake = await farm.standIn(`[ "$(uname -n)" = n1 ] || sleep 1
[ "$(uname -n)" != n1 ] || { echo "no licence" >&2; exit 3; }`);
  const args = (id: string, ...more: string[]) => [
    ...[
      "run",
      "--scheduler",
      "slurm",
      ...requestArgs(farm.folder, { toys: 12, shards: 12, nextstat: fake.path, id, more }),
    ],
  ];
  const first = await farm.must(args("a"), 5);
  assert.doesNotMatch(first.stderr, /within a week/);
  await farm.must(args("b"), 5);
  const { nodes } = JSON.parse((await farm.must(["nodes", "--json"])).stdout);
  assert.deepEqual(nodes.map(({ node, runs, is_recent }: Record<string, unknown>) => [node, runs, is_recent]), [
    ["n1", 2, true],
  ]);
  const third = await farm.must([
    "render",
    "--scheduler",
    "slurm",
    ...requestArgs(farm.folder, { toys: 2, shards: 2 }),
  ]);
  assert.match(
    third.stderr,
    /^warning: nodes that failed in two runs within a week: n1 \(all \d+ shards there failed\); --avoid-nodes recent avoids them \(--slurm-exclude n1\)$/m,
  );
  const fourth = await farm.must(args("c", "--avoid-nodes", "recent"));
  assert.match(fourth.stderr, /^the jobs avoid nodes that failed in two runs within a week: n1 \(/m);
  await assertMerged(runDir(farm.folder, "c"), { toys: 12 });
  await farm.must(["nodes", "--clear", "n1"]);
  await farm.must(args("c", "--avoid-nodes", "recent"));
});

/** Fills the small disk but for some kB. */
const fill = (left_kb: number) =>
  output(
    ["sh", "-c", `head -c 10m /dev/zero >"$0" || true; truncate -s "-${left_kb}k" "$0"`, join(disk, "filler")],
    {},
  );

for (
  const { room, left_kb, says: message } of [
    { room: "no room at all", left_kb: 0, says: /2 failed[^]*the disk of the run directory is full; free some space/ },
    { room: "room for no result", left_kb: 28, says: /failed +the disk is full: .*: shard/ },
  ]
) {
  test(`${room} in the run directory is reported as a full disk, and retry finishes the run when there is more`, async (farm) => {
    const id = room.replaceAll(" ", "-");
    const more = ["--scheduler", "slurm", "--out-dir", disk];
    await farm.must(["render", ...requestArgs(farm.folder, { toys: 240, shards: 2, id, more })]);
    const dir = join(disk, id);
    await farm.must(["submit", dir]);
    await fill(left_kb);
    try {
      await untilIdle(farm);
      assert.match(await statusNow(farm, dir), message);
    } finally {
      await Deno.remove(join(disk, "filler"));
    }
    await retryToEnd(farm, dir, 240);
  });
}
