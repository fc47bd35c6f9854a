import { mkdtemp, realpath } from "node:fs/promises";
import { sharedTests, whyNoCluster } from "../clusters/cluster.ts";
import { inFolder, leftovers, until } from "../support/scratch.ts";
import { ACTIONS, type Cell } from "./actions.ts";
import { type OtherRun, startOther } from "./other_run.ts";
import type { ActionName, Column, Columns, TestSite } from "./site.ts";

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
  return { site, other: await startOther(await site.farm(folder, column, "other")), down: site.close };
}

async function inCell({ site, other }: Up, { column, name }: Place): Promise<void> {
  await inFolder(async (folder) => {
    const farm = await site.farm(folder, column, "mine");
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
