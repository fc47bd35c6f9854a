import { randomLcg } from "d3-random";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { livePlans } from "../../../core/check_manifest.ts";
import type { FarmManifest } from "../../../core/schema/manifest.ts";
import { SWEEP_SCHEMA } from "../../../core/schema/sweep.ts";
import { exists } from "../../../runtime/fs/write.ts";
import { loadFarmRun } from "../../../runtime/run/load_manifest.ts";
import { loadSweep, recordOf } from "../../../runtime/sweep/load.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { writeRun } from "../../fixtures/run_dir.ts";
import { amountOf } from "../../support/amount.ts";
import { Actor } from "../support/interleave.ts";
import { instant, toysOf, type WriterJob, WRITERS } from "../support/writer_job.ts";

type Writer = WriterJob["what"];

const ORDERS = amountOf("orders of the steps of each two writers", { quick: 30, usual: 60, all: 200 });
const TOYS = 4;
const sweepText = ({ config, nextstat_bin, run_dir }: FarmManifest) =>
  JSON.stringify({
    ...{ schema_version: SWEEP_SCHEMA, created_at_utc: "", sweep_id: "s", scheduler: "local", config, nextstat_bin },
    ...{ n_toys: TOYS, seed: 42, threads: 1, out_root: run_dir },
    runs: [0, 1].map((i) => ({ shards: 2, run_id: `p${i}`, run_dir })),
  });

/** What a writer has confirmed must be there, whatever the other one did. */
const HOLDS: Record<Writer, (after: FarmManifest, worker: number, dir: string) => void> = {
  extend: ({ farm, plans }, worker) => {
    const entry = farm.history.find(({ at_utc }) => at_utc === instant(worker));
    assert.equal(plans[entry?.shards?.[0] ?? -1]?.n_toys, toysOf(worker), "the extension is there");
  },
  cut: ({ plans }, worker) => assert.equal(plans[worker]?.farm?.replaced_by?.length, 2, "the shard is cut"),
  raise: ({ farm }, worker) => {
    const [name, value] = worker ? ["slurm-time", "02:00:00"] : ["slurm-memory", "8G"];
    assert.equal(farm.options[name], value, "the limit is raised");
  },
  mode: ({ farm }, worker) =>
    assert(farm.history.some(({ change }) => change.endsWith(`→ transfer${worker}`)), "the mode was changed"),
  collect: ({ farm, results, collected_at_utc }, worker) => {
    assert([0, 1].map(instant).includes(collected_at_utc ?? ""), `collected by ${worker}`);
    assert(Object.hasOwn(farm, "collected"));
    assert((results ?? []).length >= 2);
  },
  point: (_after, worker, dir) => {
    const point = loadSweep(join(dir, "s.sweep.json")).document.runs[worker];
    assert.equal(point && recordOf(point).error, instant(worker), "the point is on record");
  },
};

/** Toys add up, no seed is there twice, and no row is of a shard that is none. */
function checkWhole(after: FarmManifest, writers: readonly Writer[]): void {
  const more = writers.reduce((sum, what, worker) => sum + (what === "extend" ? toysOf(worker) : 0), 0);
  assert.equal(after.n_toys, TOYS + more);
  const seeds = livePlans(after).flatMap(({ seed, n_toys }) => Array.from({ length: n_toys }, (_, i) => seed + i));
  assert.equal(new Set(seeds).size, after.n_toys);
  assert.equal(seeds.length, after.n_toys);
}

/** Runs both writers to their end, in an order of their steps that the random numbers tell. */
function runOrder(actors: Actor[], jobs: WriterJob[], held: () => boolean, random: () => number): string {
  let order = "";
  for (const [i, job] of jobs.entries()) actors[i]?.begin(JSON.stringify(job));
  for (;;) {
    const able = actors.filter((one) => !one.ended && !(one.pending.takes_right && held()));
    const actor = able[Math.floor(random() * able.length)];
    if (!actor) break;
    order += actors.indexOf(actor);
    actor.step();
  }
  assert(actors.every((one) => one.ended), `nobody can go on after ${order}`);
  for (const actor of actors) assert.equal(`${order} ${actor.gate.readText()}`, `${order} `);
  return order;
}

const pairs = WRITERS.flatMap((a, i) => WRITERS.slice(i).map((b): [Writer, Writer] => [a, b]))
  .filter(([a, b]) => (a === "point") === (b === "point"));

/** Two writers and what they write on: a run of two done shards, and a sweep of two points. */
async function inWorld(work: (dir: string, before: FarmManifest, actors: Actor[]) => void): Promise<void> {
  const dir = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "nsfarm-writers-"));
  const actors = [0, 1].map(() => new Actor(new URL("../support/writer_worker.ts", import.meta.url)));
  try {
    const before = inventedRun(dir, { n_toys: TOYS, shards: 2 });
    await writeRun(before);
    work(dir, before, actors);
  } finally {
    for (const actor of actors) actor.close();
    rmSync(dir, { recursive: true });
  }
}

Deno.test("two commands that change a run at the same time lose neither change, with locks and without", () =>
  inWorld((dir, before, actors) => {
    const random = randomLcg(0.5);
    const held = () =>
      [".manifest.json", ".s.sweep.json"].some((name) =>
        exists(join(dir, `${name}.lock.held`)) || exists(join(dir, `${name}.lease`))
      );
    const orders = { true: new Set<string>(), false: new Set<string>() };
    for (const [i, writers] of pairs.flatMap((pair) => Array.from({ length: ORDERS }, () => pair)).entries()) {
      writeFileSync(join(dir, "manifest.json"), JSON.stringify(before));
      writeFileSync(join(dir, "s.sweep.json"), sweepText(before));
      const locks = i % 4 === 0;
      const jobs = writers.map((what, worker) => ({ dir, worker, what, locks }));
      const order = runOrder(actors, jobs, held, random);
      orders[`${locks}`].add(order);
      const after = loadFarmRun(dir).manifest;
      try {
        checkWhole(after, writers);
        for (const [worker, what] of writers.entries()) HOLDS[what](after, worker, dir);
      } catch (error) {
        throw new Error(`${writers.join(" and ")} in the order ${order}: ${error}`, { cause: error });
      }
    }
    const tried = [orders.true.size, orders.false.size];
    // The lock leaves few orders: what is read before it, and who gets it first.
    assert(orders.true.size > 5 && orders.false.size > 2.5 * ORDERS, `only ${tried.join(" and ")} orders were tried`);
  }));
