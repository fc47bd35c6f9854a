import type { ShardState } from "../../core/contracts/kinds.ts";

export interface Hold {
  code: number | null;
  subcode: number | null;
  /** HTCondor's own text. */
  text: string;
}

interface HoldRow {
  words: string;
  /** Held for good: what ended is the shard's attempt. */
  ended?: ShardState;
}

const TIME = "it ran longer than --condor-max-run-time allows";

/** Why HTCondor holds a job. Source: HTCondor manual, "HoldReasonCode and HoldReasonSubCode" (hold-table.rst). */
export const HOLD_CODES: Readonly<Record<number, HoldRow>> = {
  1: { words: "held by hand (condor_hold); condor_release lets it go on" },
  3: { words: "held by a rule of the submit file" },
  5: { words: "held because a rule of the submit file could not be worked out" },
  6: { words: "the node could not start the job's program" },
  7: { words: "the job's log could not be opened: is the folder logs there, and is the disk full?" },
  8: { words: "the job's input could not be opened" },
  9: { words: "the job's log could not be opened: is the folder logs there, and is the disk full?" },
  10: { words: "the job's input could not be opened" },
  11: { words: "HTCondor failed while it sent files" },
  12: { words: "its results could not be brought back" },
  13: { words: "its input files could not be sent" },
  14: { words: "the run directory cannot be entered from where the job should run" },
  15: { words: "submitted on hold; condor_release lets it start" },
  16: { words: "its input files are being copied to the schedd" },
  18: { words: "HTCondor failed while it sent files" },
  19: { words: "a hook of the site that prepares jobs failed" },
  21: { words: "held by a rule of the node" },
  22: { words: "the event log could not be written: is the folder logs there, and is the disk full?" },
  23: { words: "the user's account could not be used on the node" },
  26: { words: "held by a rule of the site" },
  27: { words: "held because a rule of the site could not be worked out" },
  32: { words: "its input files are larger than the site allows" },
  33: { words: "its results are larger than the site allows" },
  34: { words: "it used more than it asked for" },
  35: { words: "the container image is not valid" },
  45: { words: "containers do not work on the node" },
  46: { words: TIME, ended: "timed_out" },
  47: { words: TIME, ended: "timed_out" },
  48: { words: "a hook of the site that prepares jobs failed" },
};

/** Codes of holds by a rule that somebody wrote: of the job, of the node, of the site. */
const RULES: ReadonlySet<number> = new Set([3, 21, 26]);
const OVER_MEMORY = "it used more memory than it asked for (--condor-request-memory)";

/** Such rules give memory the subcode of HTCondor's own limit (HTCondor manual, POLICY:HOLD_IF_MEMORY_EXCEEDED), or name it. */
const isMemory = ({ subcode, text }: Hold): boolean => subcode === 102 || /\bmemory\b/i.test(text);

/** The state and words of a held job. Of code 34, subcode 102 is memory and 104 disk. */
export function heldJob(hold: Hold): { state: ShardState; reason: string } {
  if (hold.code === 34) return overLimit(hold);
  if (hold.code !== null && RULES.has(hold.code) && isMemory(hold)) {
    return { state: "held", reason: `${OVER_MEMORY}: ${saidMore(hold.text)}; retry --more-memory asks for more` };
  }
  const row = hold.code === null ? undefined : HOLD_CODES[hold.code];
  const said = saidMore(hold.text);
  if (!row) return { state: "held", reason: said || "held by HTCondor, which does not say why" };
  return { state: row.ended ?? "held", reason: said === "" ? row.words : `${row.words}: ${said}` };
}

/** Pools without cgroups hold by rules of their own, whose text tells (HTCondor manual, "Memory"). */
function overLimit({ subcode, text }: Hold): { state: ShardState; reason: string } {
  const said = saidMore(text);
  const disk = subcode === 104 || (subcode !== 102 && /disk/i.test(text));
  if (disk) return { state: "failed", reason: `it used more disk than it asked for (--condor-request-disk): ${said}` };
  return { state: "out_of_memory", reason: `${OVER_MEMORY}: ${said}` };
}

/** HTCondor's text without what the words say already. */
const saidMore = (text: string): string =>
  text.replace(/^Transfer (in|out)put files failure at .*? (from|to) .*?\. Details: /, "").replaceAll(/\s+/g, " ")
    .trim();
