import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type OpenPage, whyNoChromium, withPage } from "../support/browser.ts";
import { mustRun, namesIn, nextstat, nsfarm, readPage, runArgs, runDir, spec10k } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";
import { assertUserError } from "../support/user_error.ts";

const EVIL = `<img src=x onerror="document.title='bad'">`;

/** Tests that open a page; left out where there is no browser. */
function browserTest(name: string, work: (folder: string) => Promise<void>): void {
  const ignore = whyNoChromium !== "";
  Deno.test({ name: ignore ? `${name} (left out: ${whyNoChromium})` : name, ignore, fn: () => inFolder(work) });
}

/** Every figure has marks, nothing was asked for, nothing complained. */
async function assertSound({ requests, complaints, evaluate }: OpenPage, figures: string[]): Promise<void> {
  const drawn =
    `[...document.querySelectorAll("[data-figure]")].map((one) => [one.dataset.figure, one.querySelectorAll(".mark").length > 0])`;
  assert.deepEqual(await evaluate(drawn), figures.map((name) => [name, true]));
  assert.equal(requests.length, 1, `only the page itself: ${requests.join("\n")}`);
  assert.deepEqual(complaints, []);
}

/** What the first column holds after a click on its head. */
const CLICK = `(() => {
  const button = document.querySelector("th button");
  button.click();
  return [...button.closest("table").tBodies[0].rows].map((row) => Number(row.cells[0].textContent));
})()`;

browserTest("the page of a run is valid in a browser, and its table sorts", async (folder) => {
  await mustRun(folder, runArgs(folder, { toys: 60, shards: 12, more: ["--pulls"] }));
  const { stdout } = await mustRun(folder, ["report", runDir(folder), "--svg", join(folder, "svg")]);
  const path = join(runDir(folder), "report.html");
  const figures = ["gantt", "shard_times", "throughput", "hosts", "convergence", "poi", "pulls"];
  assert.deepEqual(stdout.trimEnd().split("\n"), [path, ...figures.map((name) => join(folder, "svg", `${name}.svg`))]);
  await withPage(path, folder, async (page) => {
    await assertSound(page, figures);
    const up = Array.from({ length: 12 }, (_, i) => i);
    assert.deepEqual(await page.evaluate(CLICK), up);
    assert.deepEqual(await page.evaluate(CLICK), up.toReversed());
    assert.equal(
      await page.evaluate(`document.querySelector("th:has(button)").getAttribute("aria-sort")`),
      "descending",
    );
  });
  await withPage(join(folder, "svg", "gantt.svg"), folder, async ({ evaluate, complaints }) => {
    assert.equal(await evaluate(`document.querySelectorAll("rect.mark").length`), 12);
    assert.deepEqual(complaints, []);
  });
});

browserTest("the page of a sweep is valid in a browser", async (folder) => {
  await mustRun(folder, [
    ...["sweep", "run", "--shards-list", "2,4", "--repeats", "2", "--n-toys", "8", "--config", spec10k(), "--no-check"],
    ...["--threads", "1", "--nextstat-bin", nextstat(), "--out-root", folder, "--sweep-id", "s"],
  ]);
  await mustRun(folder, ["report", join(folder, "s.sweep.json")]);
  await withPage(join(folder, "s.report.html"), folder, (page) => assertSound(page, ["makespan", "rate", "hosts"]));
});

browserTest("a host whose name is markup is shown as text", async (folder) => {
  await mustRun(folder, runArgs(folder, { toys: 6, shards: 2 }));
  for (const shard of [0, 1]) {
    const path = join(runDir(folder), `shard_${shard}.metrics.json`);
    const document = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify({ ...document, farm: { ...document.farm, host: EVIL, cpu_model: EVIL } }));
  }
  await mustRun(folder, ["report", runDir(folder)]);
  await withPage(join(runDir(folder), "report.html"), folder, async (page) => {
    assert.equal(await page.evaluate("document.title"), "r");
    assert.equal(await page.evaluate(`document.querySelectorAll("img").length`), 0);
    assert.equal(
      await page.evaluate(
        `document.querySelector("th button").closest("table").tBodies[0].rows[0].cells[2].textContent`,
      ),
      EVIL,
    );
    // Even were it markup, the page's policy lets no script run but its own.
    await page.evaluate(`document.body.insertAdjacentHTML("beforeend", ${JSON.stringify(EVIL)})`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(await page.evaluate("document.title"), "r");
  });
});

Deno.test("a run with failed shards has its page too, with advice", () =>
  inFolder(async (folder) => {
    const fake = await standIn(folder, `[ "$shard" != 1 ] || { echo "<b>no</b>" >&2; exit 3; }`);
    await mustRun(folder, runArgs(folder, { toys: 6, shards: 3, nextstat: fake.path }), 5);
    const out = join(folder, "page.html");
    const { stdout } = await mustRun(folder, ["report", runDir(folder), "--out", out, "--json"]);
    assert.deepEqual(JSON.parse(stdout), { report: out, svg: [] });
    const page = await readPage(out);
    assert.match(page, /nextstat ended with an error<\/span>, 1 shard \(1\).*&lt;b&gt;no&lt;\/b&gt;/);
    assert.match(
      page,
      /rerun; if it fails again, read the log<br><code>nsfarm-deno retry .*\/runs\/r(&#39;)? --wait<\/code>/,
    );
    assert.equal((await namesIn(runDir(folder))).includes("report.html"), false);
  }));

Deno.test("a report of nothing is refused", () =>
  inFolder(async (folder) => {
    assertUserError(await nsfarm(folder, ["report", join(folder, "none")]), {
      code: 3,
      line: /Cannot read the manifest/,
    });
    assertUserError(await nsfarm(folder, ["report", "x.sweep.json"]), { code: 3, line: /Cannot read the sweep/ });
    assertUserError(await nsfarm(folder, ["report"]), { code: 2, line: /missing required argument/ });
  }));
