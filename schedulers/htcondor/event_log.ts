/** One event of a job event log. */
export interface LogEvent {
  code: number;
  cluster: number;
  /** -1 for an event of the cluster itself (late materialization). */
  proc: number;
  /** The rest of its first line. */
  title: string;
  /** The lines below it, without the blanks before and after. */
  lines: string[];
}

/**
 * `000 (002.000.000) 2026-11-24 20:26:34 Job submitted …`. Source: HTCondor manual, "Job Event Log Codes"; a cluster's
 * own events have the number `-01` (recorded: condor-eventlog-factory-rm). Older versions write `11/24 20:26:34`.
 */
const FIRST_LINE =
  /^(\d{3}) \((\d+)\.(-?\d+)\.-?\d+\) (?:\d{4}-\d\d-\d\d|\d\d\/\d\d(?:\/\d\d(?:\d\d)?)?)[ T][\d:.]+(?:[+-]\d\d:?\d\d|Z)? (.*)$/;

/**
 * Reads a job event log. Events end with a line `...`; a last one without it is being written still and is left for the
 * next reading. What is no event is passed over: a log can begin in the middle of one.
 */
export function readEventLog(text: string): LogEvent[] {
  const events: LogEvent[] = [];
  const blocks = text.split(/^\.\.\.\r?$/m);
  for (const block of blocks.slice(0, -1)) {
    const event = readEvent(block);
    if (event) events.push(event);
  }
  return events;
}

function readEvent(block: string): LogEvent | undefined {
  const lines = block.split("\n").map((line) => line.trimEnd());
  const at = lines.findIndex((line) => FIRST_LINE.test(line));
  const [, code, cluster, proc, title] = FIRST_LINE.exec(lines[at] ?? "") ?? [];
  if (code === undefined || cluster === undefined || proc === undefined) return undefined;
  const rest = lines.slice(at + 1).map((line) => line.trim()).filter((line) => line !== "");
  return { code: Number(code), cluster: Number(cluster), proc: Number(proc), title: title ?? "", lines: rest };
}
