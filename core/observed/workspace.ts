import type { WorkspaceStart } from "../schema/observed.ts";
import * as z from "../schema/zod.ts";

const Modifier = z.looseObject({ name: z.string(), type: z.string(), data: z.optional(z.unknown()) });
const Sample = z.looseObject({ name: z.string(), data: z.array(z.number()), modifiers: z.optional(z.array(Modifier)) });
const Interval = z.tuple([z.number(), z.number()]);
const Parameter = z.looseObject({
  name: z.string(),
  inits: z.optional(z.array(z.number())),
  bounds: z.optional(z.array(Interval)),
  fixed: z.optional(z.boolean()),
});
const Config = z.looseObject({ poi: z.string(), parameters: z.optional(z.array(Parameter)) });

/** A pyhf workspace (https://scikit-hep.org/pyhf/likelihood.html); nextstat uses its first measurement. */
const Workspace = z.looseObject({
  channels: z.array(z.looseObject({ name: z.string(), samples: z.array(Sample) })),
  observations: z.array(z.looseObject({ name: z.string(), data: z.array(z.number()) })),
  measurements: z.array(z.looseObject({ config: Config })).check(z.minLength(1)),
});
export type Workspace = z.infer<typeof Workspace>;
export type WorkspaceSample = z.infer<typeof Sample>;

/** Returns a parsed spec as a workspace; null where it is none that is understood. */
export const readWorkspace = (spec: unknown): Workspace | null => Workspace.safeParse(spec).data ?? null;

/** Returns the name of the POI of the measurement that nextstat uses. */
export const workspacePoi = ({ measurements: [first] }: Workspace): string => first?.config.poi ?? "";

/** Where a POI is searched by default (pyhf's normfactor). */
const DEFAULT_BOUNDS = [0, 10] as const;
const DEFAULT_INIT = 1;

interface PoiRange {
  init: number;
  bounds: readonly [number, number];
  /** Whether it has one value only. */
  is_fixed: boolean;
}

/** Returns where the fit of the POI begins, and its bounds. */
export function poiRange({ measurements: [first] }: Workspace): PoiRange {
  const own = first?.config.parameters?.find(({ name }) => name === first.config.poi);
  const bounds = own?.bounds?.[0] ?? DEFAULT_BOUNDS;
  return { init: own?.inits?.[0] ?? DEFAULT_INIT, bounds, is_fixed: own?.fixed === true || bounds[0] >= bounds[1] };
}

/** Returns the workspace with other starts and bounds of some parameters; those of all others are as they were. */
export function withStart(workspace: Workspace, { inits, bounds }: WorkspaceStart): Workspace {
  const names = [...new Set([...Object.keys(inits), ...Object.keys(bounds)])];
  return withParameters(workspace, (parameters) => {
    const known = new Set(parameters.map(({ name }) => name));
    const all = [...parameters, ...names.filter((name) => !known.has(name)).map((name) => ({ name }))];
    return all.map((one) => ({
      ...one,
      ...(inits[one.name] ? { inits: inits[one.name] } : {}),
      ...(bounds[one.name] ? { bounds: bounds[one.name] } : {}),
    }));
  });
}

type Parameters = z.infer<typeof Parameter>[];

function withParameters(workspace: Workspace, change: (parameters: Parameters) => Parameters): Workspace {
  const [first, ...others] = workspace.measurements;
  if (!first) return workspace;
  const config = { ...first.config, parameters: change(first.config.parameters ?? []) };
  return { ...workspace, measurements: [{ ...first, config }, ...others] };
}

/** Bounds of the luminosity that heal each fit that was seen to stop on narrower ones; the constraint keeps it near 1. */
const WIDE_LUMI = [0.8, 1.2] as const;

/** Returns wider bounds of the luminosity; none where the workspace has no luminosity with narrower ones. */
export function wideLumi({ channels, measurements: [first] }: Workspace): WorkspaceStart["bounds"] {
  const modifiers = channels.flatMap(({ samples }) => samples.flatMap(({ modifiers = [] }) => modifiers));
  const names = new Set(modifiers.filter(({ type }) => type === "lumi").map(({ name }) => name));
  const wide: WorkspaceStart["bounds"] = {};
  for (const { name, bounds, fixed } of first?.config.parameters ?? []) {
    const [lo = -Infinity, hi = Infinity] = bounds?.[0] ?? [];
    const is_narrow = lo > WIDE_LUMI[0] || hi < WIDE_LUMI[1];
    if (!names.has(name) || fixed === true || lo === hi || !is_narrow) continue;
    wide[name] = [[Math.min(lo, WIDE_LUMI[0]), Math.max(hi, WIDE_LUMI[1])]];
  }
  return wide;
}

/**
 * Returns the fitted values as starts, by the names that a workspace has: nextstat names the parameters of bins
 * `gammas[0]`, `gammas[1]`, and so on.
 */
export function initsOfFit(names: readonly string[], values: readonly number[]): WorkspaceStart["inits"] {
  const inits: WorkspaceStart["inits"] = {};
  for (const [i, name] of names.entries()) {
    const own = name.replace(/\[\d+\]$/, "");
    (inits[own] ??= []).push(values[i] ?? NaN);
  }
  return inits;
}
