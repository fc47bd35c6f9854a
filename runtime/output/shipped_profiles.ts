import type { SchedulerLimits } from "../../core/schema/scheduler.ts";
import cern from "../../profiles/cern-htcondor.jsonc" with { type: "text" };
import qosAccount from "../../profiles/slurm-qos-account.jsonc" with { type: "text" };
import wholeNodes from "../../profiles/slurm-whole-nodes.jsonc" with { type: "text" };

/** A profile of the folder profiles/, kept in the program too. */
interface ShippedProfile {
  /** Path in the sources, for messages. */
  file: string;
  text: string;
  /** Whether the limits that a scheduler reports are those of such a site. */
  fits(scheduler: string, limits: SchedulerLimits): boolean;
}

/** Profiles that a probe can recognize; the first that fits counts. */
const SHIPPED: readonly ShippedProfile[] = [
  {
    file: "profiles/cern-htcondor.jsonc",
    text: cern,
    fits: (scheduler, { places = [] }) =>
      scheduler === "htcondor" && places.some(({ name }) => name.endsWith(".cern.ch")),
  },
  {
    file: "profiles/slurm-whole-nodes.jsonc",
    text: wholeNodes,
    fits: (scheduler, { places = [] }) => {
      const open = places.filter(({ state }) => state === "up");
      return scheduler === "slurm" && open.length > 0 && open.every(({ whole_nodes }) => whole_nodes === true);
    },
  },
  {
    file: "profiles/slurm-qos-account.jsonc",
    text: qosAccount,
    fits: (scheduler, { enforced = [] }) => scheduler === "slurm" && enforced.includes("qos"),
  },
];

/** Returns the profile for the site of a probe; undefined: none is known. */
export const shippedFor = (scheduler: string, limits: SchedulerLimits): ShippedProfile | undefined =>
  SHIPPED.find((one) => one.fits(scheduler, limits));

/** Returns the comment at the beginning of a profile, without its slashes. */
export function headOf({ text }: Pick<ShippedProfile, "text">): string[] {
  const lines = text.split("\n");
  const end = lines.findIndex((line) => !line.startsWith("//"));
  return lines.slice(0, end).map((line) => line.replace(/^\/\/ ?/, ""));
}
