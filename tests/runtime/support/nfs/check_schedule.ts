import assert from "node:assert/strict";
import { readdirSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { livePlans } from "../../../../core/check_manifest.ts";
import { readShard } from "../../../../runtime/shard/read.ts";
import { collectRun } from "../../../../runtime/state/collect.ts";
import { type Life, manifestOf, type Schedule, type Window } from "./job.ts";
import type { Fit } from "./turns.ts";

/** Within so long everybody has left when all is done. */
const LEAVES_MS = 1000;
/** More calls in a second are too many for a file server, of loops of this size. */
const MAX_CALLS = 3000;
/** A loop of whose beats nothing was heard for so long may be taken for dead; less what two looks are apart. */
const SILENT_MS = 2000;

/** Each shard has one result, the first that it was given, and nothing of the dead is left but the tale of their attempts. */
export async function checkSchedule(
  schedule: Schedule,
  lives: readonly Life[],
  fits: readonly Fit[],
): Promise<void> {
  checkResults(schedule, lives);
  for (const life of lives) checkLife(life);
  checkEnds(schedule, lives, fits);
  checkFits(schedule, lives, fits);
  await checkLeavings(schedule);
}

function checkResults({ dir, shards }: Schedule, lives: readonly Life[]): void {
  const manifest = manifestOf({ dir, shards });
  for (const plan of livePlans(manifest)) {
    assert.equal(readShard(dir, manifest, plan).kind, "done", `shard ${plan.shard_index} is left`);
    for (const kind of ["out", "metrics"]) {
      const name = `shard_${plan.shard_index}.${kind}.json`;
      const given = lives.flatMap((life) => life.given.filter((one) => one.name === name).map(({ ino }) => ino));
      assert.deepEqual([...new Set(given)], [statSync(join(dir, name)).ino], `${name} was committed more than once`);
    }
  }
}

function checkLife({ host, fate, outcome, why, open, asides, most_calls, collected }: Life): void {
  const isSound = fate.refusals === 0;
  assert.notEqual(outcome, "goes on", `${host} waits for ever`);
  if (isSound) assert.notEqual(outcome, "threw", `${host}: ${why}`);
  assert.doesNotMatch(why, /folder is not there[^]*Free some space/, `${host} blames the space`);
  assert.equal(asides, 0, `${host}: its result differed`);
  if (isSound) assert.deepEqual(open, [], `${host} left shards`);
  assert.ok(most_calls < MAX_CALLS, `${host} made ${most_calls} calls in a second`);
  let before: number[] = [];
  for (const good of collected) {
    assert.deepEqual(before.filter((shard) => !good.includes(shard)), [], `${host}: what was good is so no more`);
    before = good;
  }
}

const holds = ({ fate }: Life) => [fate.stopped, fate.cut_off];

/** Nobody that nothing happened to stays for long when all is done, whatever its machine has in mind. */
function checkEnds({ jobs }: Schedule, lives: readonly Life[], fits: readonly Fit[]): void {
  const last_ms = Math.max(...lives.flatMap(({ given }) => given.map(({ at_ms }) => at_ms)));
  if (!jobs.every(({ rules, outage }) => rules.has_links && outage === null)) return;
  for (const life of lives) {
    const { host, fate, outcome, began_ms, ended_ms } = life;
    const { actor, kind } = jobs.find((one) => one.host === host) ?? {};
    if (kind !== "work" || outcome !== "ended" || ended_ms === null) continue;
    if (holds(life).some((one) => one !== null) || fate.lies > 0 || fate.refusals > 0) continue;
    const fitted_ms = Math.max(...fits.filter((one) => one.actor === actor).map(({ end_ms }) => end_ms));
    const over_ms = Math.max(last_ms, began_ms, fitted_ms);
    assert.ok(ended_ms <= over_ms + LEAVES_MS, `${host} left ${(ended_ms - over_ms) / 1000} s after all was done`);
  }
}

/** Nothing is fitted twice at the same time, unless nothing was heard of the first, or it was to be done twice. */
function checkFits({ jobs }: Schedule, lives: readonly Life[], fits: readonly Fit[]): void {
  const lifeOf = ({ actor, life }: Fit) => {
    const { host } = jobs.find((one) => one.actor === actor) ?? {};
    return lives.filter((one) => one.host === host)[life];
  };
  for (const first of fits) {
    for (const second of fits) {
      if (second.shard !== first.shard || second === first || second.started_ms < first.started_ms) continue;
      if (first.end_ms >= 0 && second.started_ms >= first.end_ms) continue;
      const [owner, other] = [lifeOf(first), lifeOf(second)];
      if (!owner || !other || isExcused(owner, other, second.started_ms)) continue;
      if (jobs.some(({ rules }) => !rules.has_links) && isRightLeft(lives, second.started_ms)) continue;
      assert.fail(`shard ${first.shard} was fitted at the same time by ${owner.host} and ${other.host}`);
    }
  }
}

function isExcused(owner: Life, other: Life, at_ms: number): boolean {
  if (other.speculate || [owner, other].some(({ fate }) => fate.lies > 0 || fate.refusals > 0)) return true;
  if (owner.outcome !== "ended" && owner.ended_ms !== null && owner.ended_ms <= at_ms) return true;
  const isSilent = (one: Window | null) => one !== null && one[0] + SILENT_MS <= at_ms;
  return holds(owner).some(isSilent);
}

/**
 * Where there is no link(2), the right to a name that a killed process has left holds up whoever wants that name for 30 s
 * (give_name.ts), and its beats with it. Loops that beat each 40 s are not taken for dead for that; these here are.
 */
const isRightLeft = (lives: readonly Life[], at_ms: number): boolean =>
  lives.some(({ outcome, ended_ms }) => outcome === "killed" && (ended_ms ?? at_ms) < at_ms);

/** What stays when the run has been collected two hours later. */
async function checkLeavings({ dir, damaged }: Schedule): Promise<void> {
  const then = Date.now() / 1000 - 7200;
  for (const name of readdirSync(dir, { recursive: true })) utimesSync(join(dir, String(name)), then, then);
  await collectRun(join(dir, "manifest.json"), null, "2026-11-24T20:00:00.000Z");
  const names = readdirSync(dir, { recursive: true }).map(String);
  const left = names.filter((name) => /\.tmp$|\.commit$|^(incoming|claims)\/./.test(name) && !/\/\.nfs/.test(name));
  assert.deepEqual(left, [], "something of the dead stays");
  // A folder is what showListed leaves.
  const aside = names.filter((name) => /^aside\/./.test(name) && statSync(join(dir, name)).isFile());
  assert.ok(aside.length <= damaged.length, `kept aside: ${aside.join(", ")}`);
}
