/** Makes docs/report.png: a local run of 2,000 toys, its report, and a screenshot of the page by Chromium. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBinary } from "./building/ensure_binary.ts";
import { nextstatBin } from "./fetch_nextstat.ts";
import { makeInputs } from "./make_inputs.ts";
import { demoDir, root } from "./tool_paths.ts";
import { DevError, runMain } from "./tools/dev_error.ts";
import { runHere } from "./tools/run_here.ts";

async function must(program: string, args: string[]): Promise<void> {
  const code = await runHere(program, args);
  if (code !== 0) throw new DevError(`Cannot make the picture: ${program} ended with exit code ${code}`);
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
    await must("chromium", [
      ...["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1000,1620"],
      ...[`--user-data-dir=${join(folder, "chromium")}`, `--screenshot=${join(root, "docs", "report.png")}`],
      `file://${page}`,
    ]);
    return 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await runMain(main);
