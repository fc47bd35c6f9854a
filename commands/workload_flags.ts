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
} as const satisfies FlagTable;

/** Values of the flags of which some belong to only one kind of workload. */
type Given = Parameters<typeof readGuardrails>[0] & {
  workload: string;
  mu: number | undefined;
  gen: string;
  set: readonly string[];
  freezeGen: boolean;
  starts: number | "auto" | undefined;
  pulls: boolean;
  extraArg: string[];
};

/**
 * Returns the workload of the flags and its tested value.
 * @throws {FarmError} usage, for a flag that this workload does not have
 */
export function workloadOfFlags(flags: Given): Pick<RunRequest, "workload" | "mu" | "extra_args"> {
  const workload = workloadNamed(flags.workload);
  const { name, has_generation, settings } = workload;
  settings({ mu: flags.mu });
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
    return { workload: name, mu: flags.mu ?? null, extra_args: checkExtra(flags.extraArg, workload) };
  }
  throw new FarmError("usage", `Cannot use ${foreign[0]} with ${name}: its toys have no fitted values`);
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
