import type { CommandSpec } from "./command.ts";

export interface TableRow {
  name: string;
  args: string;
  summary: string;
  /** The script of NextStat's scripts/farm that it comes from. */
  from: string;
  load: () => Promise<{ default: CommandSpec }>;
}

/** Every command; each file is loaded only when its command is typed. */
export const TABLE: readonly TableRow[] = [
  row(
    "run",
    "",
    "render, run, watch, collect and merge: all in one",
    "run_unbinned_fit_toys_cluster.py",
    () => import("./run.ts"),
  ),
  row(
    "render",
    "",
    "write a run directory: manifest and job files",
    "render_unbinned_fit_toys_scheduler.py",
    () => import("./render.ts"),
  ),
  row("submit", "RUN_DIR", "hand a run's shards to its scheduler", "by hand before", () => import("./submit.ts")),
  row("status", "RUN_DIR", "where every shard stands, and why", "by hand before", () => import("./status.ts")),
  row("cancel", "RUN_DIR", "stop a run's jobs", "by hand before", () => import("./cancel.ts")),
  row(
    "retry",
    "RUN_DIR",
    "run the shards again that have no valid result",
    "by hand before",
    () => import("./retry.ts"),
  ),
  row(
    "logs",
    "RUN_DIR SHARD",
    "what a shard said, and how its attempts ended",
    "by hand before",
    () => import("./logs.ts"),
  ),
  row(
    "collect",
    "[RUN_DIR]",
    "check every shard and write results into the manifest",
    "collect_unbinned_fit_toys_scheduler.py",
    () => import("./collect.ts"),
  ),
  row(
    "merge",
    "[RUN_DIR]",
    "prove the set and merge it into merged.out.json",
    "merge_unbinned_toys_results.py",
    () => import("./merge.ts"),
  ),
  row(
    "finish",
    "RUN_DIR",
    "wait for the files of ended jobs, then collect and merge",
    "new",
    () => import("./finish.ts"),
  ),
  row("verify", "RUN_DIR", "check every file of a run, or an archive, again", "new", () => import("./verify.ts")),
  row(
    "sweep render",
    "",
    "write the runs of a scaling study and its document",
    "pf32_unbinned_shard_sweep.py",
    () => import("./sweep/render.ts"),
  ),
  row(
    "sweep submit",
    "",
    "run them one after the other, collect and merge each",
    "pf32_unbinned_shard_sweep.py",
    () => import("./sweep/submit.ts"),
  ),
  row(
    "sweep collect",
    "",
    "collect every run of a sweep",
    "pf32_unbinned_shard_sweep.py",
    () => import("./sweep/collect.ts"),
  ),
  row(
    "sweep merge",
    "",
    "merge every run of a sweep",
    "pf32_unbinned_shard_sweep.py",
    () => import("./sweep/merge.ts"),
  ),
  row(
    "sweep summarize",
    "",
    "the times of a sweep as a page, a table and a document",
    "pf32_unbinned_shard_sweep.py",
    () => import("./sweep/summarize.ts"),
  ),
  row(
    "sweep run",
    "",
    "render, run, collect, merge and summarize a sweep in one",
    "new",
    () => import("./sweep/run.ts"),
  ),
  row(
    "plan",
    "",
    "predict makespan and cost of shard counts from one finished run",
    "new",
    () => import("./plan.ts"),
  ),
  row(
    "report",
    "RUN_OR_SWEEP",
    "a page with figures of a run or a sweep: one file, no network",
    "new",
    () => import("./report.ts"),
  ),
  row(
    "extend",
    "RUN_DIR",
    "more toys with fresh seeds into the same merged result",
    "new",
    () => import("./extend.ts"),
  ),
  row(
    "archive",
    "RUN_DIR",
    "the minimal set of a run with checksums, as one .tar",
    "new",
    () => import("./archive.ts"),
  ),
  row(
    "preflight",
    "",
    "what a scheduler allows, or what hosts are, before a run is rendered",
    "preflight_cluster.py",
    () => import("./preflight.ts"),
  ),
  row("work", "RUN_DIR", "take the next open shard until none is left", "new", () => import("./work.ts")),
  row("job", "RUN_DIR SHARD...", "run shards inside a scheduler's job", "run_one_shard.sh", () => import("./job.ts")),
  row("schema", "[NAME]", "JSON Schemas of every document", "new", () => import("./schema.ts")),
];

function row(name: string, args: string, summary: string, from: string, load: TableRow["load"]): TableRow {
  return { name, args, summary, from, load };
}
