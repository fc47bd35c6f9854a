import { createHash } from "node:crypto";
import { join } from "node:path";
import { NO_REMEDIES, type Remedies } from "../../core/advice.ts";
import { isFigure, isPage, type Page, pageHtml, SORT_SCRIPT, standaloneSvg } from "../../core/report/page.ts";
import type { Figure } from "../../core/report/plot.ts";
import { runFigures, runPage } from "../../core/report/run_report.ts";
import { sweepFigures, sweepPage } from "../../core/report/sweep_report.ts";
import { doneShards, type RunFacts } from "../../core/run_facts.ts";
import { summariseSweep } from "../../core/sweep/summary.ts";
import { jobRequest, type RunUsage, runUsage } from "../../core/usage.ts";
import { VERSION } from "../../core/version.ts";
import { beginsWith, type OutKind, refuseOut } from "../fs/refuse_out.ts";
import { makeFolder, writeWhole } from "../fs/write.ts";
import { isFarmRun, openRun } from "../run/load_manifest.ts";
import { loadAdapter, remediesFor } from "../scheduler/adapters.ts";
import { readRunFacts } from "../state/facts.ts";
import { loadSweep, readSweepFacts } from "../sweep/load.ts";

interface ReportTo {
  /** null: report.html in the run directory, `<sweep_id>.report.html` beside the sweep's document. */
  out: string | null;
  /** A folder for the figures, each in its own file. */
  svg: string | null;
}

/** Writes the report of a run or a sweep. @throws {FarmError} input, when it is not written, or they cannot be read */
export async function writeReport(
  target: string,
  to: ReportTo,
  now_utc: string,
): Promise<{ report: string; svg: string[] }> {
  const made = target.endsWith(".sweep.json") ? sweepReport(target) : await runReport(target);
  const report = to.out ?? made.path;
  if (to.out !== null) refuseOut(PAGE_OUT, report);
  const figures = to.svg === null ? [] : figureFiles(made.figures, to.svg);
  writePage(report, made.page, now_utc);
  if (to.svg !== null) makeFolder(to.svg);
  for (const { path, text } of figures) writeWhole(path, text);
  return { report, svg: figures.map(({ path }) => path) };
}

interface Made {
  path: string;
  page: Page;
  figures: Figure[];
}

function writePage(path: string, page: Page, now_utc: string): void {
  const script_sha256 = createHash("sha256").update(SORT_SCRIPT).digest("base64");
  const footer = `Made by nsfarm-deno ${VERSION}, ${now_utc.slice(0, 16).replace("T", " ")} UTC`;
  writeWhole(path, pageHtml(page, script_sha256, footer));
}

const PAGE_OUT: OutKind = {
  flag: "--out",
  what: "report",
  name: null,
  isOne: (path) => beginsWith(path, isPage),
};

async function runReport(target: string): Promise<Made> {
  const facts = readRunFacts(target);
  const { remedies, usage } = await adapterFacts(target, facts);
  return {
    path: join(facts.run_dir, "report.html"),
    page: runPage(facts, remedies, usage),
    figures: runFigures(facts),
  };
}

/** Returns what a retry can raise, and what the run requested and used; nothing for old runs and unknown schedulers. */
async function adapterFacts(target: string, facts: RunFacts): Promise<{ remedies: Remedies; usage: RunUsage | null }> {
  const run = openRun(target);
  const adapter = isFarmRun(run) ? await loadAdapter(run.manifest.scheduler).catch(() => null) : null;
  if (!isFarmRun(run) || adapter === null) return { remedies: NO_REMEDIES, usage: null };
  const usage = runUsage(doneShards(facts), jobRequest(run.manifest, adapter.options), facts.times);
  return { remedies: remediesFor(run, adapter), usage };
}

function sweepReport(target: string): Made {
  const open = loadSweep(target);
  const summary = summariseSweep(open.document, readSweepFacts(open), null);
  return {
    path: open.path.replace(/\.sweep\.json$/, ".report.html"),
    page: sweepPage(summary),
    figures: sweepFigures(summary),
  };
}

/**
 * Writes the page of a limit or injection study beside its document; returns its path.
 * @param word tells it from other pages of the same study, like `.cl0.9`
 * @throws {FarmError} input
 */
export function writeScanReport(scan_json: string, page: Page, now_utc: string, word = ""): string {
  const path = scan_json.replace(/\.(limit|inject)\.json$/, `${word}.report.html`);
  writePage(path, page, now_utc);
  return path;
}

/** Returns the figures with their paths. @throws {FarmError} usage, where another file has a figure's name */
function figureFiles(figures: readonly Figure[], folder: string): { path: string; text: string }[] {
  const kind = { flag: "--svg", what: "figure", name: null, isOne: (path: string) => beginsWith(path, isFigure) };
  return figures.map((figure) => {
    const path = join(folder, `${figure.name}.svg`);
    refuseOut(kind, path);
    return { path, text: standaloneSvg(figure) };
  });
}
