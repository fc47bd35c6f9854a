import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readWorkspace, withStart, type Workspace } from "../../../core/observed/workspace.ts";
import { checkScales } from "../../../runtime/observed/scales.ts";
import { nextstat } from "../../support/farm.ts";
import { randomWorkspace } from "../../support/random_workspaces.ts";
import { inFolder } from "../../support/scratch.ts";

const SAMPLE = new URL("../../samples/starts/one_bin_55.json", import.meta.url).pathname;

/** Returns the sample with another observed count, from a start that finds the minimum. */
async function oneBin(n: number): Promise<Workspace> {
  const workspace = readWorkspace(JSON.parse(await readFile(SAMPLE, "utf8")));
  assert(workspace);
  const observations = workspace.observations.map((one) => ({ ...one, data: [n] }));
  return withStart({ ...workspace, observations }, { inits: { mu: [0.3] }, bounds: {} });
}

type Tried = Awaited<ReturnType<typeof checkScales>>;

async function tried(workspace: Workspace | null, change: { check_starts?: number; toy_s?: number } = {}) {
  const found: Tried[] = [];
  await inFolder(async (folder) => {
    const fitter = { nextstat: nextstat(), scratch: join(folder, "tmp"), words: [] };
    const request = { mu: 1, seed: 42, check: true, check_starts: change.check_starts ?? 40 };
    found.push(await checkScales(request, fitter, workspace, change.toy_s ?? 0.01));
  });
  const [one] = found;
  assert(one);
  return one;
}

// Of right fits, n = 55 or less is as extreme as n = 55.1 or less: CLs+b is P(n <= 55 | 70) up to the nuisance parameter.
Deno.test("where all starts find the minimum the same toys have the same counts, and nothing is said", async () => {
  const { scale_check, notes } = await tried(await oneBin(55));
  assert.equal(scale_check?.depends, false);
  assert.deepEqual(scale_check?.rows.map(({ scale }) => scale), [1, 3, 10]);
  assert.deepEqual(notes, []);
});

// By enumeration CLs+b is .0383 for toys whose fits start at mu = 1 and .0653 for right fits.
Deno.test("where toys' fits miss the minimum from one start the table says so", async () => {
  const { scale_check, notes } = await tried(await oneBin(56));
  assert.equal(scale_check?.depends, true);
  const [one, three] = scale_check?.rows ?? [];
  assert(one && three && one.sb.k < three.sb.k && one.b.k === three.b.k);
  assert.match(notes[0] ?? "", /the result depends on the start of the toys' fits/);
});

Deno.test("a missed observed fit at another scale alone is no dependence of the toys", async () => {
  for (const seed of [22, 26]) {
    const workspace = readWorkspace(randomWorkspace(seed));
    assert.equal((await tried(workspace)).scale_check?.depends, false, `seed ${seed}`);
  }
});

Deno.test("a shared staterror and slow toys are named, and without a check nothing is tried", async () => {
  const stat = { name: "stat", type: "staterror", data: [1] };
  const given = await oneBin(55);
  const channels = given.channels.map((channel) => ({
    ...channel,
    samples: channel.samples.map((one) => ({ ...one, modifiers: [...one.modifiers ?? [], stat] })),
  }));
  const shared = await tried({ ...given, channels });
  assert.match(
    shared.notes[0] ?? "",
    /not tried from other starts: its staterror "stat" is of the signal and of other/,
  );
  assert.match((await tried(given, { toy_s: 1 })).notes[0] ?? "", /a toy takes 1\.0 s/);
  assert.deepEqual(await tried(given, { check_starts: 0 }), { notes: [] });
  assert.deepEqual(await tried(null), { notes: [] });
});
