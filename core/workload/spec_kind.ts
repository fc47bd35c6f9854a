import * as z from "../schema/zod.ts";

/** Why a spec is not for a workload, and the next step. */
export interface SpecFault {
  what: string;
  next: string;
}

const Modifier = z.looseObject({ name: z.string(), type: z.string() });
const Sample = z.looseObject({ modifiers: z.optional(z.array(Modifier)) });

/** A pyhf workspace (https://scikit-hep.org/pyhf/likelihood.html). */
const Workspace = z.looseObject({
  channels: z.array(z.looseObject({ samples: z.array(Sample) })),
  measurements: z.array(z.looseObject({ config: z.looseObject({ poi: z.string() }) })),
});

const Unbinned = z.looseObject({ model: z.looseObject({ parameters: z.array(z.unknown()) }) });

/** Modifiers with a parameter for each bin: none of them can be a parameter of interest. */
const OF_BINS = new Set(["shapesys", "shapefactor", "staterror"]);

/**
 * Returns why a workspace cannot be tested, or null, also where its format is not known. nextstat 0.10.1 uses the first
 * measurement, and takes the name of a POI that no modifier has: then CLs is 1 everywhere.
 */
export function workspaceFault(spec: unknown): SpecFault | null {
  if (Unbinned.safeParse(spec).success) {
    return { what: "it is an unbinned spec", next: "Use --workload unbinned-hypotest-toys" };
  }
  const { data } = Workspace.safeParse(spec);
  const poi = data?.measurements[0]?.config.poi;
  if (!data || poi === undefined) return null;
  const modifiers = data.channels.flatMap(({ samples }) => samples.flatMap(({ modifiers = [] }) => modifiers));
  if (modifiers.some(({ name, type }) => name === poi && !OF_BINS.has(type))) return null;
  return {
    what: `its POI "${poi}" is no modifier with one parameter`,
    next: "Name a normfactor as poi of its first measurement",
  };
}

/** Returns why a spec is not unbinned, or null, also where its format is not known. */
export const unbinnedFault = (spec: unknown): SpecFault | null =>
  Workspace.safeParse(spec).success ? { what: "it is a workspace", next: "Use --workload hypotest-toys" } : null;
