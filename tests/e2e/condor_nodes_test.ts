import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type CondorFarm, condorFile, openFit, statusWords, untilIdle } from "../clusters/condor_farm.ts";
import { assertMerged } from "../clusters/slurm_farm.ts";
import { readRecord } from "../support/run_dir.ts";
import { until } from "../support/scratch.ts";

const test = condorFile({ nodes: 2, slots: 2, hidden: true });
const TRANSFER = ["--mode", "transfer"];

/** The words that `status` prints for excluding a node, as arguments. */
function excludingWords(text: string): string[] {
  const [, name, value] = /(--condor-requirements) '([^\n]*?)'(?=$|[:;])/m.exec(text) ?? [];
  assert(name !== undefined && value !== undefined, text);
  return [name, value];
}

async function hosts(dir: string, shards: number): Promise<string[]> {
  const records = await Promise.all(Array.from({ length: shards }, (_, shard) => readRecord(dir, shard)));
  return [...new Set(records.map(({ host }) => host))];
}

test("a node that fails every job at once is named, with the option that excludes it; retry with that option finishes the run", async (farm) => {
  const fit = await openFit(farm, `[ "$(uname -n)" = e1 ] || { echo "no licence" >&2; exit 3; }; sleep 1`);
  const dir = await farm.render({ toys: 16, shards: 8, nextstat: fit.path, more: TRANSFER });
  await farm.must(["submit", dir, "--wait"], 5);
  const words = await statusWords(farm, dir);
  assert.match(words, /failed +exit 3: no licence: shards? [-0-9, ]+ on e2$/m);
  assert.match(words, /^node e2 is at fault: all [2-7] shards there failed;/m);
  await farm.must(["retry", dir, ...excludingWords(words), "--wait"]);
  await assertMerged(dir, { toys: 16 });
  assert.deepEqual(await hosts(dir, 8), ["e1"]);
});

test("jobs that are matched but never start name their node and the option that excludes it; retry with that option moves them", async (farm) => {
  await farm.pool.configure("e2", `STARTER = ${await brokenStarter(farm)}`);
  const more = [...TRANSFER, "--condor-requirements", `(Machine == "e2")`];
  const dir = await farm.render({ toys: 4, shards: 2, more });
  await farm.must(["submit", dir]);
  const reported = async () =>
    /queued +e2 was matched .*never started there; to avoid .*/.test(await statusWords(farm, dir));
  await until("status names the node", reported);
  const words = await statusWords(farm, dir);
  assert.deepEqual(excludingWords(words), ["--condor-requirements", `(Machine != "e2")`]);
  await farm.must(["retry", dir, ...excludingWords(words), "--wait"]);
  await assertMerged(dir, { toys: 4 });
  assert.deepEqual(await hosts(dir, 2), ["e1"]);
  await farm.pool.configure("e2", "STARTER = $(SBIN)/condor_starter");
});

/** A starter that tells what it can do, and dies when it is to do it. */
async function brokenStarter({ pool }: CondorFarm): Promise<string> {
  const path = join(pool.open, "starter");
  const lines = [`case " $* " in *" -classad "*) exec /usr/sbin/condor_starter "$@" ;; esac`, "exit 1"];
  await writeFile(path, ["#!/bin/sh", ...lines, ""].join("\n"), { mode: 0o755 });
  return path;
}

test("a full scratch disk on the node is reported, and retry finishes the run elsewhere", async (farm) => {
  const scratch = join(farm.pool.dir, "state/e1/execute");
  await farm.pool.onNode("e1", "mount", "-t", "tmpfs", "-o", "size=44m,mode=755", "tmpfs", scratch);
  await farm.pool.onNode("e1", "chown", "condor:condor", scratch);
  try {
    await fillScratch(farm);
  } finally {
    await untilIdle(farm);
    await farm.pool.onNode("e1", "umount", scratch);
  }
});

async function fillScratch(farm: CondorFarm): Promise<void> {
  const fit = await openFit(farm, `[ "$(uname -n)" != e1 ] || dd if=/dev/zero of=fill bs=64k 2>/dev/null`);
  const on = (node: string) => ["--condor-requirements", `(Machine == "${node}")`];
  const more = [...TRANSFER, "--condor-request-disk", "1MB", ...on("e1")];
  const dir = await farm.render({ toys: 2, shards: 1, nextstat: fit.path, more });
  await farm.must(["submit", dir, "--wait"], 5);
  assert.match(await statusWords(farm, dir), /failed +.*disk is full.*: shard 0 on e1/);
  await farm.must(["retry", dir, ...on("e2"), "--wait"]);
  await assertMerged(dir, { toys: 2 });
}
