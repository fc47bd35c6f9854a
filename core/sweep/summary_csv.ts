import type { SweepSummary } from "../contracts/sweep_summary.ts";

const COLUMNS = [
  ...["sweep_id", "shards", "repeat", "run_id", "state", "error", "n_shards", "n_ok", "n_toys", "n_converged"],
  ...["n_error", "makespan_s", "makespan_spread_s", "turnaround_s", "max_shard_elapsed_s", "waves", "slots"],
  ...["toys_per_s", "claimed_toys_per_s", "cpu_s", "wasted_cpu_s", "toy_s", "startup_s", "startup_share", "cpu_share"],
  ...["load_start", "load_end", "max_rss_bytes", "stopwatch_s", "predicted_makespan_s", "run_dir"],
] as const;

/** Whether a file that begins so is such a table, also one of a version with further columns. */
export const isSummaryCsv = (head: string): boolean => head.startsWith(COLUMNS.slice(0, 10).join(","));

/** Every run of a sweep as a line of CSV (RFC 4180, but for line ends); empty: not known. */
export function summaryCsv({ sweep_id, points }: SweepSummary): string {
  const rows = points.map((point) => {
    const values: Record<string, unknown> = { ...point, sweep_id };
    return COLUMNS.map((name) => cell(values[name] ?? ""));
  });
  return [COLUMNS, ...rows].map((row) => row.join(",") + "\n").join("");
}

/** What begins like a formula would be one to a spreadsheet, so foreign text that does gets an apostrophe. */
function cell(value: unknown): string {
  if (typeof value === "number") return `${value}`;
  const text = String(value).replace(/^[=+\-@\t\r]/, "'$&");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
