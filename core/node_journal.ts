import { orElse } from "./errors.ts";
import { plural, textTable } from "./format.ts";
import { ClearedNodes, NodeFault } from "./schema/node_fault.ts";

/** Age in days after which a fault no longer counts. */
export const FAULT_DAYS = 30;

/** Number of days, and of runs within them, from which a node's faults are named before a run. */
const RECENT_DAYS = 7;
const RECENT_RUNS = 2;

const DAY_MS = 86_400_000;

/** Longest texts of a line in characters, so that one write(2) of less than 4 KiB writes it. */
const MAX_TEXT = { node: 255, what: 200, run_dir: 500 };

export const faultLine = ({ node, what, run_dir, ...rest }: NodeFault): string =>
  JSON.stringify({
    ...{ node: node.slice(0, MAX_TEXT.node), what: what.slice(0, MAX_TEXT.what) },
    ...{ run_dir: run_dir.slice(-MAX_TEXT.run_dir), ...rest },
  });

export interface Journal {
  /** Faults that count, each once for a run, node and cause; oldest first. */
  faults: NodeFault[];
  /** Names of all faults on record, also of those that do not count any more. */
  known: Set<string>;
  /** Number of lines that are no record: of a killed writer, or of a damaged file. */
  damaged: number;
}

/** Returns what names a fault: it is recorded once. */
export const faultName = (
  { run_token, scheduler, node, cause }: Pick<NodeFault, "run_token" | "scheduler" | "node" | "cause">,
): string => JSON.stringify([run_token, scheduler, node, cause]);

/**
 * Reads the lines of a journal, in any order. A damaged line costs that line only.
 * @param now_ms since 1970; what is older than 30 days does not count
 */
export function readFaults(lines: readonly string[], now_ms: number): Journal {
  const journal: Journal = { faults: [], known: new Set(), damaged: 0 };
  const [faults, clears]: [NodeFault[], ClearedNodes[]] = [[], []];
  for (const line of lines.filter((one) => one.trim() !== "")) {
    const value = orElse(undefined, (): unknown => JSON.parse(line));
    const [fault, clear] = [NodeFault.safeParse(value), ClearedNodes.safeParse(value)];
    if (fault.success) faults.push(fault.data);
    else if (clear.success) clears.push(clear.data);
    else journal.damaged++;
  }
  for (const fault of faults.toSorted((a, b) => Date.parse(a.at_utc) - Date.parse(b.at_utc))) {
    const isNew = !journal.known.has(faultName(fault));
    journal.known.add(faultName(fault));
    if (isNew && isYoung(fault, now_ms, FAULT_DAYS) && !clears.some((one) => clearsFault(one, fault))) {
      journal.faults.push(fault);
    }
  }
  return journal;
}

/** Returns whether a fault is younger than so many days. */
export const isYoung = ({ at_utc }: Pick<NodeFault, "at_utc">, now_ms: number, days: number): boolean =>
  now_ms - Date.parse(at_utc) < days * DAY_MS;

const clearsFault = ({ cleared, noted_at_utc }: ClearedNodes, fault: NodeFault): boolean =>
  (cleared === null || cleared === fault.node) && Date.parse(fault.noted_at_utc) <= Date.parse(noted_at_utc);

export interface KnownNode {
  node: string;
  scheduler: string;
  /** Number of runs in which it failed. */
  runs: number;
  last_at_utc: string;
  /** Whether it failed in two runs within the last week. */
  is_recent: boolean;
  faults: NodeFault[];
}

/** Returns the nodes of some faults, the last one to fail first. */
export function knownNodes(faults: readonly NodeFault[], now_ms: number): KnownNode[] {
  const groups = [...Map.groupBy(faults, ({ scheduler, node }) => JSON.stringify([scheduler, node])).values()];
  const runsOf = (some: readonly NodeFault[]) => new Set(some.map(({ run_token }) => run_token)).size;
  return groups.flatMap((group) => {
    const [first, last] = [group[0], group.at(-1)];
    if (!first || !last) return [];
    const recent = group.filter((fault) => isYoung(fault, now_ms, RECENT_DAYS));
    const { node, scheduler } = first;
    return {
      ...{ node, scheduler, runs: runsOf(group), last_at_utc: last.at_utc },
      ...{ is_recent: runsOf(recent) >= RECENT_RUNS, faults: group },
    };
  }).sort((a, b) => Date.parse(b.last_at_utc) - Date.parse(a.last_at_utc));
}

/** Returns the text of `nodes`: a line for each node, and one for each of its faults. */
export function describeNodes(nodes: readonly KnownNode[], now_ms: number): string {
  if (nodes.length === 0) return `No node has failed within ${FAULT_DAYS} days`;
  const rows = nodes.flatMap(({ node, scheduler, runs, is_recent, faults }) => [
    [node, scheduler, `failed in ${plural(runs, "run")}${is_recent ? "; --avoid-nodes recent avoids it" : ""}`],
    ...faults.toReversed().map((one) => ["", agoText(now_ms - Date.parse(one.at_utc)), `${one.run_id}: ${one.what}`]),
  ]);
  return textTable(rows).join("\n");
}

function agoText(ms: number): string {
  const hours = Math.max(0, Math.round(ms / 3_600_000));
  return hours < 48 ? `${hours} h ago` : `${Math.round(hours / 24)} days ago`;
}

/**
 * Returns a line about nodes that failed in two runs within a week.
 * @param flag the option that avoids them, with its value; null: the scheduler has none
 */
export function describeRecent(nodes: readonly KnownNode[], flag: string | null, is_avoided: boolean): string[] {
  if (nodes.length === 0) return [];
  const named = nodes.map(({ node, faults }) => `${node} (${faults.at(-1)?.what ?? ""})`).join(", ");
  if (is_avoided) return [`the jobs avoid nodes that failed in two runs within a week: ${named}`];
  const how = flag === null ? "leave them out of --hosts-file" : `--avoid-nodes recent avoids them (${flag})`;
  return [`warning: nodes that failed in two runs within a week: ${named}; ${how}`];
}
