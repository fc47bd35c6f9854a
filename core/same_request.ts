import type { FarmManifest } from "./contracts/manifest.ts";
import type { RunRequest } from "./run_request.ts";

/**
 * In what two requests of one run may differ: where it lies, whether it is checked first, and what a host's share was
 * (by the weights of its hosts file). Options of its scheduler are compared by themselves.
 */
type MayDiffer = "out_dir" | "run_id" | "check" | "shares" | "options";

/** What the run was asked to be. A new member of a request must be here, or be named above. */
const AS_RENDERED: { [Name in Exclude<keyof RunRequest, MayDiffer>]: (run: FarmManifest) => RunRequest[Name] } = {
  config: ({ config }) => config,
  n_toys: ({ plans, shards }) => plans.slice(0, shards).reduce((sum, plan) => sum + plan.n_toys, 0),
  seed: ({ seed }) => seed,
  shards: ({ shards }) => shards,
  threads: ({ threads }) => threads,
  scheduler: ({ scheduler }) => scheduler,
  nextstat_bin: ({ nextstat_bin }) => nextstat_bin,
  gen: ({ farm }) => farm.gen,
  set: ({ farm }) => farm.set,
  freeze_gen: ({ farm }) => farm.frozen_gen !== null && farm.frozen_gen !== undefined,
  pulls: ({ farm }) => farm.pulls,
  guardrails: ({ farm }) => farm.guardrails,
  extra_args: ({ farm }) => farm.extra_args,
  wrapper: ({ farm }) => farm.wrapper,
  mode: ({ farm }) => farm.mode,
  pilots: ({ farm }) => farm.pilots,
};

/** The first option in which a request differs from the run of that name, in words, or null. */
export function requestDifference(manifest: FarmManifest, asked: Omit<RunRequest, Exclude<MayDiffer, "options">>) {
  for (const [name, read] of Object.entries(AS_RENDERED)) {
    const was = read(manifest);
    const wanted: unknown = Reflect.get(asked, name);
    if (JSON.stringify(sortKeys(was)) === JSON.stringify(sortKeys(wanted))) continue;
    return words(name.replaceAll("_", "-"), was ?? undefined, wanted ?? undefined);
  }
  return optionDifference(manifest.farm.first_options ?? manifest.farm.options, asked.options);
}

type Options = FarmManifest["farm"]["options"];

/** Of its scheduler's options, what a retry has changed since does not count. */
function optionDifference(run: Options, asked: Options): string | null {
  const names = [...new Set([...Object.keys(run), ...Object.keys(asked)])];
  const wrong = names.find((name) => JSON.stringify(run[name]) !== JSON.stringify(asked[name]));
  return wrong === undefined ? null : words(wrong, run[wrong], asked[wrong]);
}

function words(name: string, was: unknown, asked: unknown): string {
  const rendered = was === undefined ? `without --${name}` : `with --${name} ${show(was)}`;
  return `it was rendered ${rendered}, asked is ${asked === undefined ? "none" : show(asked)}`;
}

function sortKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1));
}

const show = (value: unknown) => typeof value === "object" ? JSON.stringify(value) : `${value}`;
