import { FarmError } from "../errors.ts";
import type { Manifest } from "../schema/manifest.ts";
import { fitToys } from "./fit_toys.ts";
import { hypotestToys, unbinnedHypotestToys } from "./hypotest.ts";
import type { Workload } from "./workload.ts";

const WORKLOADS = new Map<string, Workload>(
  [fitToys, unbinnedHypotestToys, hypotestToys].map((one) => [one.name, one]),
);

/** Workload of a run that names none. */
export const DEFAULT_WORKLOAD = fitToys.name;

/** Returns all workloads, the default one first. */
export const workloads = (): Workload[] => [...WORKLOADS.values()];

/** Adds a workload to those that --workload and manifests may name. */
export function addWorkload(workload: Workload): void {
  WORKLOADS.set(workload.name, workload);
}

/** Returns the workload of that name. @throws {FarmError} input, where this version knows none of that name */
export function workloadNamed(name: string): Workload {
  const found = WORKLOADS.get(name);
  if (found) return found;
  throw new FarmError(
    "input",
    `Cannot use the workload "${name}": wanted ${[...WORKLOADS.keys()].join(", ")}`,
    "A newer nsfarm-deno may know it",
  );
}

export const workloadOf = ({ farm }: Pick<Manifest, "farm">): Workload =>
  workloadNamed(farm?.workload?.name ?? DEFAULT_WORKLOAD);
