import type { TableRow } from "./flags.ts";

export type { TableRow };

/** Every command; its file is loaded only when it is run. */
export const TABLE: readonly TableRow[] = [
  row("run", "", "render, run, watch, collect and merge in one step", () => import("./run.ts")),
  row("render", "", "write a run directory: manifest and job files", () => import("./render.ts")),
  row("submit", "RUN_DIR", "submit a run's shards to its scheduler", () => import("./submit.ts")),
  row("status", "RUN_DIR", "show the state of each shard, and why", () => import("./status.ts")),
  row("cancel", "RUN_DIR", "stop a run's jobs", () => import("./cancel.ts")),
  row("pause", "RUN_DIR", "start no new fit of a run; fits that run go on", () => import("./pause.ts")),
  row("resume", "RUN_DIR", "go on with a paused run", () => import("./resume.ts")),
  row(
    "throttle",
    "RUN_DIR N",
    "limit how many fits of a run are made at a time: a number, or off",
    () => import("./throttle.ts"),
  ),
  row("pilots", "RUN_DIR CHANGE", "add pilots to a run (+2), or let some end (-2)", () => import("./pilots.ts")),
  row("retry", "RUN_DIR", "rerun the shards that have no valid result", () => import("./retry.ts")),
  row("logs", "RUN_DIR SHARD", "show a shard's output, and how its attempts ended", () => import("./logs.ts")),
  row(
    "doctor",
    "RUN_DIR",
    "show what went wrong, by cause, and the command that continues",
    () => import("./doctor.ts"),
  ),
  row("collect", "[RUN_DIR]", "check every shard and write results into the manifest", () => import("./collect.ts")),
  row(
    "merge",
    "[RUN_DIR...]",
    "check that the set is complete and merge it into merged.out.json",
    () => import("./merge.ts"),
  ),
  row("finish", "RUN_DIR", "wait for the files of ended jobs, then collect and merge", () => import("./finish.ts")),
  row("verify", "RUN_DIR", "check every file of a run or archive again", () => import("./verify.ts")),
  row("sweep render", "", "render the runs of a scaling study", () => import("./sweep/render.ts")),
  row("sweep submit", "", "run them one after another, collect and merge each", () => import("./sweep/submit.ts")),
  row("sweep collect", "", "collect every run of a sweep", () => import("./sweep/collect.ts")),
  row("sweep merge", "", "merge every run of a sweep", () => import("./sweep/merge.ts")),
  row("sweep summarize", "", "summarize a sweep: Markdown, CSV and JSON", () => import("./sweep/summarize.ts")),
  row("sweep run", "", "render, run, collect, merge and summarize a sweep in one step", () => import("./sweep/run.ts")),
  row(
    "limit run",
    "",
    "upper limit by toys: run CLs at several values of the POI, in one step",
    () => import("./limit/run.ts"),
  ),
  row(
    "limit render",
    "",
    "render the runs of a limit, one for each value of the POI",
    () => import("./limit/render.ts"),
  ),
  row(
    "limit submit",
    "",
    "run all of them together, merge each, and add toys near the limit",
    () => import("./limit/submit.ts"),
  ),
  row("limit collect", "", "collect and merge every run of a limit", () => import("./limit/collect.ts")),
  row(
    "limit summarize",
    "",
    "summarize a limit: the crossing, its error and a page",
    () => import("./limit/summarize.ts"),
  ),
  row(
    "inject run",
    "",
    "injection study: bias, pulls and coverage at several injected values, in one step",
    () => import("./inject/run.ts"),
  ),
  row(
    "inject render",
    "",
    "render the runs of an injection study, one for each injected value",
    () => import("./inject/render.ts"),
  ),
  row(
    "inject submit",
    "",
    "run all of them together, and merge each",
    () => import("./inject/submit.ts"),
  ),
  row(
    "inject collect",
    "",
    "collect and merge every run of an injection study",
    () => import("./inject/collect.ts"),
  ),
  row(
    "inject summarize",
    "",
    "summarize an injection study: bias, pulls, coverage, a verdict and a page",
    () => import("./inject/summarize.ts"),
  ),
  row("plan", "", "predict makespan and cost of shard counts from one finished run", () => import("./plan.ts")),
  row(
    "report",
    "RUN_OR_SWEEP",
    "write a report of a run or sweep with figures: one HTML file",
    () => import("./report.ts"),
  ),
  row("extend", "RUN_DIR", "add toys with new seeds to the same merged result", () => import("./extend.ts")),
  row("archive", "RUN_DIR", "pack the files of a run, with checksums, into one .tar", () => import("./archive.ts")),
  row(
    "export",
    "RUN_DIR",
    "write a row per toy, or per shard of a hypothesis test: Parquet or CSV",
    () => import("./export.ts"),
  ),
  row("preflight", "", "check the limits of a scheduler, or hosts, before a run", () => import("./preflight.ts")),
  row(
    "self-check",
    "[FOLDER]",
    "check that this copy of the program works on this machine and in a folder",
    () => import("./self_check.ts"),
  ),
  row("nodes", "", "list the nodes that failed in your runs of the last 30 days", () => import("./nodes.ts")),
  row("plugin", "ACTION [NAME]", "list, check or create adapters for other schedulers", () => import("./plugin.ts")),
  row("work", "RUN_DIR", "work on a run: take the next open shard until none is left", () => import("./work.ts")),
  row("job", "RUN_DIR SHARD...", "run shards inside a scheduler's job", () => import("./job.ts"), beginJob),
  row(
    "completions",
    "WHAT [WORD...]",
    "print completions for bash, zsh and fish, or the man page",
    () => import("./completions.ts"),
  ),
  row("schema", "[NAME]", "print the JSON Schema of each document", () => import("./schema.ts")),
];

/** Begins to read /proc, so that each job starts sooner. */
async function beginJob(): Promise<void> {
  const { beginOwnProc } = await import("../runtime/system/proc.ts");
  beginOwnProc();
}

function row(
  name: string,
  args: string,
  summary: string,
  load: TableRow["load"],
  begin?: TableRow["begin"],
): TableRow {
  return { name, args, summary, load, ...(begin ? { begin } : {}) };
}
