import type { CommandSpec } from "./command.ts";

export interface TableRow {
  name: string;
  args: string;
  summary: string;
  load: () => Promise<{ default: CommandSpec }>;
}

/** Every command; each file is loaded only when its command is typed. */
export const TABLE: readonly TableRow[] = [
  row("run", "", "render, run, watch, collect and merge: all in one", () => import("./run.ts")),
  row("render", "", "write a run directory: manifest and job files", () => import("./render.ts")),
  row("submit", "RUN_DIR", "hand a run's shards to its scheduler", () => import("./submit.ts")),
  row("status", "RUN_DIR", "where every shard stands, and why", () => import("./status.ts")),
  row("cancel", "RUN_DIR", "stop a run's jobs", () => import("./cancel.ts")),
  row("retry", "RUN_DIR", "run the shards again that have no valid result", () => import("./retry.ts")),
  row("logs", "RUN_DIR SHARD", "what a shard said, and how its attempts ended", () => import("./logs.ts")),
  row("collect", "RUN_DIR", "check every shard and write results into the manifest", () => import("./collect.ts")),
  row("merge", "RUN_DIR", "prove the set and merge it into merged.out.json", () => import("./merge.ts")),
  row("verify", "RUN_DIR", "check every file of a run again, byte for byte", () => import("./verify.ts")),
  row("work", "RUN_DIR", "take the next open shard until none is left", () => import("./work.ts")),
  row("job", "RUN_DIR SHARD...", "run shards inside a scheduler's job", () => import("./job.ts")),
  row("schema", "[NAME]", "JSON Schemas of every document", () => import("./schema.ts")),
];

function row(name: string, args: string, summary: string, load: TableRow["load"]): TableRow {
  return { name, args, summary, load };
}
