/** Makes docs/report.png: a local run of 2,000 toys, its report, and a screenshot of the page by Chromium. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod/mini";
import { withPage } from "../tests/support/browser.ts";
import { ensureBinary } from "./building/ensure_binary.ts";
import { nextstatBin } from "./fetch_nextstat.ts";
import { makeInputs } from "./make_inputs.ts";
import { demoDir, DevError, root, runHere, runMain } from "./tools.ts";

async function must(program: string, args: string[]): Promise<void> {
  const code = await runHere(program, args);
  if (code !== 0) throw new DevError(`Cannot make the picture: ${program} ended with exit code ${code}`);
}

/** Shows a folder of nobody, and returns the height at which the last figure ends, in pixels. */
const PREPARE = `document.fonts.ready.then(() => {
  document.querySelectorAll("header p")[1].textContent = "/home/you/study/validation";
  const last = [...document.querySelectorAll("[data-figure]")].at(-1);
  return Math.ceil(last.getBoundingClientRect().bottom + scrollY) + 8;
})`;

/** Returns the page down to its last figure as a PNG. */
async function pictureOf(path: string, folder: string): Promise<Uint8Array> {
  let png: Uint8Array = new Uint8Array();
  await withPage(path, folder, async (page) => {
    await page.view({ width: 1000, scheme: "light", media: "screen" });
    png = await page.picture(z.int().parse(await page.evaluate(PREPARE)));
  });
  return png;
}

async function main(): Promise<number> {
  const [binary, nextstat] = [await ensureBinary(), await nextstatBin()];
  const spec = await makeInputs(join(demoDir, "inputs"), "10k");
  const folder = await mkdtemp(join(tmpdir(), "study-"));
  const [run, page] = [join(folder, "validation"), join(folder, "report.html")];
  try {
    const split = ["--n-toys", "2000", "--shards", "40", "--threads", "1", "--pulls", "--run-id", "validation"];
    await must(binary, ["run", "--config", spec, ...split, "--nextstat-bin", nextstat, "--out-dir", folder]);
    await must(binary, ["report", run, "--out", page]);
    await writeFile(join(root, "docs", "report.png"), await pictureOf(page, folder));
    return 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await runMain(main);
