import type { FarmManifest } from "./contracts/manifest.ts";

/** What a run was asked to be; two requests that agree in it are the same run. */
type Asked = Pick<FarmManifest, "scheduler" | "config" | "n_toys" | "seed" | "threads" | "shards" | "nextstat_bin"> & {
  gen: string;
  set: Record<string, number>;
  freeze_gen: boolean;
  pulls: boolean;
  guardrails: unknown;
  extra_args: string[];
  mode: string;
};

type Options = FarmManifest["farm"]["options"];

/** The first option in which a request differs from the run of that name, in words, or null. */
export function requestDifference(manifest: FarmManifest, asked: Asked & { options: Options }): string | null {
  const { farm } = manifest;
  const run: Asked = {
    ...manifest,
    ...farm,
    n_toys: manifest.plans.slice(0, manifest.shards).reduce((sum, plan) => sum + plan.n_toys, 0),
    freeze_gen: farm.frozen_gen !== null && farm.frozen_gen !== undefined,
  };
  const names = [
    "config",
    "n_toys",
    "seed",
    "shards",
    "threads",
    "scheduler",
    "nextstat_bin",
    "gen",
    "set",
    "freeze_gen",
    "pulls",
    "guardrails",
    "extra_args",
    "mode",
  ] as const;
  const wrong = names.find((name) => JSON.stringify(sortKeys(run[name])) !== JSON.stringify(sortKeys(asked[name])));
  if (!wrong) return optionDifference(farm.first_options ?? farm.options, asked.options);
  const flag = `--${wrong.replaceAll("_", "-")}`;
  return `it was rendered with ${flag} ${show(run[wrong])}, asked is ${show(asked[wrong])}`;
}

/** Of its scheduler's options, what a retry has changed since does not count. */
function optionDifference(run: Options, asked: Options): string | null {
  const names = [...new Set([...Object.keys(run), ...Object.keys(asked)])];
  const wrong = names.find((name) => JSON.stringify(run[name]) !== JSON.stringify(asked[name]));
  if (wrong === undefined) return null;
  const was = run[wrong] === undefined ? `without --${wrong}` : `with --${wrong} ${show(run[wrong])}`;
  return `it was rendered ${was}, asked is ${asked[wrong] === undefined ? "none" : show(asked[wrong])}`;
}

function sortKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1));
}

const show = (value: unknown) => typeof value === "object" ? JSON.stringify(value) : `${value}`;
