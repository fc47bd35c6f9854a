import { FarmError } from "../core/errors.ts";
import type { FlagTable } from "../core/flags.ts";
import type { RunRequest } from "../core/request.ts";
import { DEFAULT_WORKLOAD, workloadNamed, workloads } from "../core/workload/registry.ts";
import type { Workload } from "../core/workload/workload.ts";
import { readGuardrails } from "./flags.ts";

export const WORKLOAD_FLAGS = {
  workload: {
    group: "What to run",
    type: "string",
    default: DEFAULT_WORKLOAD,
    choices: workloads().map(({ name }) => name),
    placeholder: "name",
    help: "what shards do: fits of toys, or hypothesis tests with toys",
  },
  mu: {
    group: "What to run",
    type: "number",
    placeholder: "x",
    help: "with hypotest workloads: tested value of the POI",
  },
  "signal-scale": {
    group: "What to run",
    type: "number",
    placeholder: "k",
    help: "hypotest-toys: divide the signal by k, for other starts",
    read: scale,
  },
  "accept-observed-fit": {
    group: "Guardrails",
    type: "boolean",
    help: "hypotest-toys: accept an observed fit off its minimum",
  },
} as const satisfies FlagTable;

type OfWorkload = Pick<RunRequest, "workload" | "mu" | "extra_args" | "signal_scale" | "accept_observed_fit">;

/** Values of the flags of which some belong to only one kind of workload. */
type Given = Parameters<typeof readGuardrails>[0] & {
  workload: string;
  mu: number | undefined;
  gen: string;
  set: readonly string[];
  freezeGen: boolean;
  starts: number | "auto" | undefined;
  pulls: boolean;
  signalScale: number | undefined;
  acceptObservedFit: boolean;
  extraArg: string[];
};

/**
 * Returns the workload of the flags and its tested value.
 * @throws {FarmError} usage, for a flag that this workload does not have
 */
export function workloadOfFlags(flags: Given): OfWorkload {
  const workload = workloadNamed(flags.workload);
  const { name, has_generation, settings } = workload;
  settings({ mu: flags.mu });
  const of_workspace = workspaceMembers(flags, workload);
  const guardrails = readGuardrails(flags);
  const foreign = [
    ...(flags.gen === "init" ? [] : ["--gen"]),
    ...(flags.set.length > 0 ? ["--set"] : []),
    ...(flags.freezeGen ? ["--freeze-gen"] : []),
    ...(flags.starts === undefined ? [] : ["--starts"]),
    ...(flags.pulls ? ["--pulls"] : []),
    ...(guardrails.max_abs_poi_pull_mean === null ? [] : ["--max-abs-poi-pull-mean"]),
    ...(guardrails.poi_pull_std_range === null ? [] : ["--poi-pull-std-range"]),
    ...(guardrails.require_all_converged ? ["--require-all-converged"] : []),
    ...(guardrails.max_missed === undefined ? [] : ["--max-missed"]),
  ];
  if (has_generation && guardrails.max_missed !== undefined && flags.starts === undefined) {
    throw new FarmError(
      "usage",
      "Cannot judge --max-missed without --starts: one start of each toy does not show what it misses",
      "Give --starts too, with a number or auto",
    );
  }
  if (has_generation || foreign[0] === undefined) {
    return { workload: name, mu: flags.mu ?? null, extra_args: checkExtra(flags.extraArg, workload), ...of_workspace };
  }
  throw new FarmError("usage", `Cannot use ${foreign[0]} with ${name}: its toys have no fitted values`);
}

/** Returns what only tests of workspaces have. @throws {FarmError} usage, for another workload */
function workspaceMembers({ signalScale, acceptObservedFit }: Given, { name, modelWords }: Workload) {
  const given = signalScale !== undefined ? "--signal-scale" : acceptObservedFit ? "--accept-observed-fit" : null;
  if (given !== null && !modelWords) {
    throw new FarmError("usage", `Cannot use ${given} with ${name}: only hypotest-toys reads a workspace`);
  }
  return {
    ...(signalScale === undefined || signalScale === 1 ? {} : { signal_scale: signalScale }),
    ...(acceptObservedFit ? { accept_observed_fit: true } : {}),
  };
}

/** @throws {FarmError} usage */
function scale(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new FarmError("usage", `Cannot use --signal-scale "${text}": wanted a number above 0`, "Like --signal-scale 3");
}

function checkExtra(words: string[], { owned_flags }: Workload): string[] {
  const owned = words.find((word) => owned_flags.some((flag) => word === flag || word.startsWith(`${flag}=`)));
  if (owned === undefined) return words;
  throw new FarmError(
    "usage",
    `Cannot use --extra-arg "${owned}": nsfarm-deno sets this nextstat flag itself`,
    "Use the nsfarm-deno option instead; see --help",
  );
}
