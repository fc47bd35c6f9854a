import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, realpath } from "node:fs/promises";
import { sharedTests, whyNoCluster } from "../clusters/cluster.ts";
import { assertMerged } from "../clusters/slurm_farm.ts";
import { spec10k } from "../support/farm.ts";
import { startsSample } from "../support/lowest_fits.ts";
import { countDone, fingerprints } from "../support/run_dir.ts";
import { inFolder, leftovers, until } from "../support/scratch.ts";
import { ACTIONS, type Cell } from "./actions.ts";
import {
  type ActionName,
  type Column,
  type Columns,
  type Farm,
  type Fit,
  type SiteFarm,
  submitted,
  type TestSite,
} from "./site.ts";

/** What is up while the tests of one file run. */
interface Up {
  site: TestSite;
  other: OtherRun;
  down(): void;
}

interface Place {
  column: Column;
  name: ActionName;
}

/**
 * Declares the cells of some columns, beside a run of another user, which is finished at the end. Where no cluster can
 * be, they are left out with the reason in their names.
 * @param part those of every run of the tests, or the others
 */
export function userActions(columns: Columns, part: "usual" | "others"): void {
  const up = () => columns.open().then((site) => withOther(site, columns.columns));
  const declare = sharedTests(up, columns.isCluster ? whyNoCluster : "");
  for (const place of cellsOf(columns, part)) declare(nameOf(place), (up) => inCell(up, place));
  const last = `${columns.of}: another user's run beside these was left alone, and becomes whole`;
  declare(last, ({ other }) => other.finish());
}

const NAMES = Object.keys(ACTIONS) as ActionName[];

function cellsOf({ columns }: Columns, part: "usual" | "others"): Place[] {
  const all = columns.flatMap((column) => NAMES.map((name) => ({ column, name })));
  return all.filter(({ column: { usual }, name }) => (usual === "all" || usual.includes(name)) === (part === "usual"));
}

function nameOf({ column, name }: Place): string {
  const why = column.without?.[name]?.why;
  return `${column.name}: ${ACTIONS[name].name}${why === undefined ? "" : ` (not there: ${why})`}`;
}

async function withOther(site: TestSite, [column]: readonly Column[]): Promise<Up> {
  if (!column) throw new Error("there is no column");
  const folder = await realpath(await mkdtemp(`${site.prefix(column)}of another user `));
  return {
    site,
    other: await startOther(await farmOf(await site.farm(folder, column, "other"), {})),
    down: site.close,
  };
}

async function inCell({ site, other }: Up, { column, name }: Place): Promise<void> {
  await inFolder(async (folder) => {
    const farm = await farmOf(await site.farm(folder, column, "mine"), column);
    const cell: Cell = { farm, site, without: column.without?.[name] };
    try {
      await ACTIONS[name].body(cell);
      // The record of a shard is there a moment before its job has ended.
      await until("all has ended", async () => (await leftovers(folder)).length === 0).catch(() => {});
      await until("nothing of mine is queued", async () => (await site.queued()).length === 0);
    } finally {
      await site.clear();
    }
    await other.assertUntouched();
  }, site.prefix(column));
}

async function farmOf(farm: SiteFarm, { starts }: Pick<Column, "starts">): Promise<Farm> {
  if (starts === undefined) return { ...farm, config: spec10k(), fits_a_shard: 1 };
  const words = [...farm.words, "--starts", `${starts}`];
  return { ...farm, words, config: await startsSample(farm.folder), fits_a_shard: starts };
}

const TOYS = 4;

/** Another user's run of the same name, which runs beside what is tested. */
interface OtherRun {
  /** Fails unless its committed files are the same, and its other fit runs still. */
  assertUntouched(): Promise<void>;
  /** Lets it go on, and fails unless it becomes whole by itself, each shard fitted once. */
  finish(): Promise<void>;
}

/** Starts a run of two shards of which one is done and the other waits. */
async function startOther(farm: Farm): Promise<OtherRun> {
  const fit = await farm.fit(`[ "$shard" = 0 ] || until [ -e "$here/go" ] || [ ! -d "$here" ]; do sleep 0.3; done`);
  const dir = await submitted(farm, { toys: TOYS, shards: 2, nextstat: fit.path });
  await until("the other user's run runs", async () => await countDone(dir) === 1 && await isHalf(fit));
  const kept = await fingerprints(dir);
  const waiting = (await fit.log()).find(({ what, shard }) => what === "start" && shard === "1");
  return {
    assertUntouched: async () => {
      assert.deepEqual(await fingerprints(dir), kept);
      assert(await isHalf(fit), "no fit of the other user's was begun or ended");
      assert(existsSync(`/proc/${waiting?.pid}`), "the other user's fit runs");
    },
    finish: async () => {
      await fit.mark("go");
      await farm.must(["submit", dir, "--wait"]);
      await assertMerged(dir, { toys: TOYS });
      assert.equal((await fit.log()).length, 4, "two fits began and ended");
    },
  };
}

async function isHalf(fit: Fit): Promise<boolean> {
  const whats = (await fit.log()).map(({ what }) => what).sort();
  return whats.join() === "end,start,start";
}
