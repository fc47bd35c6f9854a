/** Tests that are alike on every scheduler: one body, declared for each by the file that brings it up. */
import assert from "node:assert/strict";
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { someOf } from "../support/amount.ts";
import { binary, namesIn, readPage, requestArgs, runDir, start } from "../support/farm.ts";
import { readManifest, readRecord } from "../support/run_dir.ts";
import { processesOf, until } from "../support/scratch.ts";
import { arrayAt, at, readJson } from "../support/toys.ts";
import { asUser } from "./as_user.ts";
import type { Clients } from "./cluster.ts";
import { assertMerged, submissions } from "./slurm_farm.ts";
import type { UserFarm } from "./user_farm.ts";

/** A running scheduler, in the folder of one test. */
interface AlikeFarm extends Pick<UserFarm, "folder" | "must">, Pick<Clients, "ask" | "env"> {
  /** Writes a replacement of nextstat that all nodes see; `behaviour` is sh code with $shard and $here. */
  fit(behaviour: string): Promise<{ path: string; mark(name: string): Promise<void> }>;
  /** Waits until the user has no job in the queue. */
  untilIdle(): Promise<void>;
}

/** The scheduler of the tests. */
interface AlikeScheduler {
  /** Name in the flag and in the tests' names. */
  scheduler: string;
  of: string;
  /** Wrappers that its jobs can have. */
  wrappers: readonly string[];
}

type Declare = (name: string, work: (farm: AlikeFarm) => Promise<void>) => void;

/** Declares the tests. */
export function alikeTests({ scheduler, of, wrappers }: AlikeScheduler, test: Declare): void {
  const render = async ({ must }: AlikeFarm, ...options: string[]) =>
    JSON.parse((await must(["render", "--scheduler", scheduler, "--json", ...options])).stdout).commands;
  const request = (farm: AlikeFarm, nextstat: string) =>
    requestArgs(farm.folder, { toys: 12, shards: 6, ...(nextstat === "" ? {} : { nextstat }) });

  for (const wrapper of someOf(`wrappers of jobs that are submitted by hand to ${of}`, [...wrappers], 2)) {
    test(`what render prints to be typed, for a run with the ${wrapper} wrapper, then collect and merge, make the unsharded run`, async (farm) => {
      const [, ...byHand] = await render(farm, ...request(farm, ""), "--wrapper", wrapper);
      assert.ok(byHand.length > 0);
      for (const [program, ...words] of byHand) await farm.ask(program, ...words);
      await farm.untilIdle();
      const dir = runDir(farm.folder);
      await farm.must(["collect", dir]);
      await farm.must(["merge", dir]);
      await assertMerged(dir, { toys: 12 });
      const last = await readRecord(dir, 5);
      assert.deepEqual([last.wrapper, last.scheduler], [wrapper, scheduler]);
      assert.match(last.job_id ?? "", /^\d+$/);
    });
  }

  test("with driver and shell gone after submit --finish, merged.out.json appears and is the unsharded run's", async (farm) => {
    const fit = await farm.fit('until [ -e "$here/go" ]; do sleep 0.2; done');
    const dir = runDir(farm.folder);
    await render(farm, ...request(farm, fit.path));
    await submitAndLeave(farm, dir);
    await assert.rejects(access(join(dir, "merged.out.json")));
    await fit.mark("go");
    await farm.untilIdle();
    await until("it is merged", async () => (await namesIn(dir)).includes("merge_status.json"));
    await assertMerged(dir, { toys: 12 });
    assert.equal((await readManifest(dir)).results?.length, 6);
    assert.match((await farm.must(["status", dir])).stdout, /6 done of 6 shards/);
  });

  test("one shard that fails for good is named in merge_status.json and nothing is merged; retry --finish completes the run; each end starts --on-end", async (farm) => {
    const fit = await farm.fit('[ "$shard" != 2 ] || [ -e "$here/mended" ] || { echo "no luck" >&2; exit 3; }');
    const dir = runDir(farm.folder);
    await render(farm, ...request(farm, fit.path));
    // Each end in a line: the folder of the run, and the first line of its status.
    await farm.must(["submit", dir, "--finish", "--on-end", `sh -c 'read -r line; echo "$PWD $line" >>on_end.log'`]);
    await farm.untilIdle();
    assert.equal(await readFile(join(dir, "on_end.log"), "utf8"), `${dir} {\n`);
    const status = await readJson(join(dir, "merge_status.json"));
    assert.equal(at(status, "ok"), false);
    assert.deepEqual(arrayAt(status, "problems").map((one) => at(one, "shard_index")), [2]);
    assert(!(await namesIn(dir)).includes("merged.out.json"));
    const results = arrayAt(await readJson(join(dir, "manifest.json")), "results");
    assert.match(`${at(results[2] ?? null, "error")}`, /exit 3: no luck/);
    assert.match((await farm.must(["status", dir])).stdout, /5 done, 1 failed of 6 shards/);
    await fit.mark("mended");
    await farm.must(["retry", dir, "--finish"]);
    await farm.untilIdle();
    await assertMerged(dir, { toys: 12 });
    assert.deepEqual((await submissions(dir)).at(-1)?.shards, [2]);
    assert.equal(await readFile(join(dir, "on_end.log"), "utf8"), `${dir} {\n`.repeat(2));
  });
}

/** Submits from a shell in its own session, then kills this shell with everything that it started. */
async function submitAndLeave({ folder, env }: AlikeFarm, dir: string): Promise<void> {
  const script = '"$0" submit "$1" --finish >"$2.answer" && echo submitted >"$2"; sleep 600';
  const reported = join(folder, "submitted");
  const [program = "", ...words] = asUser("setsid", "sh", "-c", script, binary(), dir, reported);
  const shell = start(folder, words, { program, env });
  await until("it is submitted", async () => (await namesIn(folder)).includes("submitted"));
  assert.match(await readFile(`${reported}.answer`, "utf8"), /job \d+: 6 shards\n.*job \d+: collects and merges/);
  const mine = (await processesOf(folder)).filter(({ command }) => command.includes("sleep 600"));
  assert(mine.length > 0, "the shell is alive");
  for (const { pid } of mine) Deno.kill(pid, "SIGKILL");
  shell.kill("SIGKILL");
  await shell.ended;
  const left = await processesOf(folder);
  assert.deepEqual(left.filter(({ command }) => /setsid|sleep 600|submit /.test(command)), []);
}

/**
 * Asserts that a run of 20 toys in a queue of three jobs was recovered to its end, and that report and status tell how.
 * @param stories what both must tell
 */
export async function assertRecovered({ must }: Pick<UserFarm, "must">, dir: string, stories: RegExp[]): Promise<void> {
  await assertMerged(dir, { toys: 20 });
  await must(["report", dir]);
  const page = (await readPage(join(dir, "report.html"))).replaceAll("&quot;", '"');
  const { stdout } = await must(["status", dir]);
  for (const story of stories) {
    assert.match(page, story);
    assert.match(stdout, story);
  }
  const taken = (await submissions(dir)).filter(({ state }) => state === "submitted");
  assert(taken.every(({ shards }) => shards.length <= 3));
}
