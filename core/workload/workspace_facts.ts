import * as z from "../schema/zod.ts";
import type { FarmManifest, WorkloadSettings } from "../schema/manifest.ts";
import {
  CountsModel,
  countsProbability,
  expectedCounts,
  type Interpolation,
  observedCounts,
} from "./expected_counts.ts";
import { HYPOTHESES, type Hypothesis, LEAST_TIE } from "./test_caveats.ts";
import type { SpecFacts } from "./workload.ts";

/** Modifiers whose parameter has auxiliary data, which constrain it. */
const CONSTRAINED = new Set(["histosys", "lumi", "normsys", "shapesys", "staterror"]);

const Modified = z.looseObject({
  channels: z.array(z.looseObject({
    samples: z.array(z.looseObject({
      modifiers: z.optional(z.array(z.looseObject({ name: z.string(), type: z.string() }))),
    })),
  })),
});

/** Returns the names of modifiers with auxiliary data, each once; null where the format is none of pyhf's. */
function constrainedParameters(spec: unknown): string[] | null {
  const { data } = Modified.safeParse(spec);
  if (!data) return null;
  const modifiers = data.channels.flatMap(({ samples }) => samples.flatMap(({ modifiers = [] }) => modifiers));
  return [...new Set(modifiers.flatMap(({ name, type }) => CONSTRAINED.has(type) ? [name] : []))];
}

function auxiliaryOf(spec: unknown): Pick<WorkloadSettings, "fixed_auxiliary"> {
  const parameters = constrainedParameters(spec);
  return parameters?.length === 0 ? {} : { fixed_auxiliary: { parameters } };
}

/** Returns the POI under each hypothesis: the tested value, and none of the signal. */
const poiUnder = ({ farm: { workload } }: FarmManifest): Record<Hypothesis, number> => ({
  sb: workload?.mu ?? 1,
  b: 0,
});

/** A workspace whose observed counts may have a probability that counts. */
interface Tying {
  model: CountsModel;
  poi: string;
  observed: number[];
}

/**
 * Returns null where the workspace is not understood, or where even the expectation that equals the observed counts
 * gives them too small a probability: then no fit is needed to know it.
 */
function tyingOf(spec: unknown): Tying | null {
  const { data: model } = CountsModel.safeParse(spec);
  const poi = model?.measurements[0]?.config.poi;
  const observed = model ? observedCounts(model) : null;
  if (!model || poi === undefined || !observed) return null;
  return (countsProbability(observed, observed) ?? 0) < LEAST_TIE ? null : { model, poi, observed };
}

/** Returns the probability of the observed counts under each hypothesis; none where no toy ties, or it is not known. */
function probabilityAt(
  spec: unknown,
  manifest: FarmManifest,
  at: "conditional_fit" | "nominal",
  parametersOf: (one: Hypothesis, poi: string) => ReadonlyMap<string, number>,
): Pick<WorkloadSettings, "tie_probability"> {
  const found = tyingOf(spec);
  if (!found) return {};
  const of = (one: Hypothesis) =>
    countsProbability(
      found.observed,
      expectedCounts(found.model, parametersOf(one, found.poi), interpolationOf(manifest)),
    );
  const [sb, b] = HYPOTHESES.map(of);
  return typeof sb === "number" && typeof b === "number" ? { tie_probability: { b, sb, at } } : {};
}

function interpolationOf({ farm: { extra_args } }: { farm: Pick<FarmManifest["farm"], "extra_args"> }): Interpolation {
  const i = extra_args.findLastIndex((word) => word.startsWith("--interp-defaults"));
  return extra_args[i]?.endsWith("=pyhf") || extra_args[i + 1] === "pyhf" && i >= 0 ? "pyhf" : "root";
}

/** Returns the arguments of nextstat fit for a copy of the workspace. */
const fitWords: SpecFacts["command"] = (manifest, { nextstat, config, out }) => [
  ...[nextstat, "fit", "--input", config, "--interp-defaults", interpolationOf(manifest), "--threads", "1", "-o", out],
];

const Raw = z.looseObject({
  measurements: z.array(z.looseObject({
    config: z.looseObject({ parameters: z.optional(z.array(z.looseObject({ name: z.string() }))) }),
  })),
});

/** Returns the workspace with its POI held at a value: bounds of no width take it out of the fit. */
function heldAt(spec: unknown, poi: string, value: number): unknown {
  const { data } = Raw.safeParse(spec);
  const [first, ...rest] = data?.measurements ?? [];
  const others = (first?.config.parameters ?? []).filter(({ name }) => name !== poi);
  const held = { name: poi, inits: [value], bounds: [[value, value]] };
  return {
    ...data,
    measurements: [{ ...first, config: { ...first?.config, parameters: [...others, held] } }, ...rest],
  };
}

const Fit = z.looseObject({
  converged: z.literal(true),
  parameter_names: z.array(z.string()),
  bestfit: z.array(z.number()),
});

/**
 * What a workspace says of its test: which parameters have auxiliary data, and the probability of the observed counts
 * at the fits of both hypotheses to them, from which nextstat's toys are drawn.
 */
export const WORKSPACE_FACTS: SpecFacts = {
  ofSpec: (spec, manifest) => ({
    ...auxiliaryOf(spec),
    ...probabilityAt(spec, manifest, "nominal", (one, poi) => new Map([[poi, poiUnder(manifest)[one]]])),
  }),
  copies: (spec, manifest) => {
    const found = tyingOf(spec);
    return found ? HYPOTHESES.map((one) => heldAt(spec, found.poi, poiUnder(manifest)[one])) : [];
  },
  command: fitWords,
  ofFits: (spec, manifest, documents) => {
    const fits = documents.flatMap((document) => Fit.safeParse(document).data ?? []);
    if (fits.length < HYPOTHESES.length) return {};
    return probabilityAt(spec, manifest, "conditional_fit", (one) => {
      const { parameter_names = [], bestfit = [] } = fits[HYPOTHESES.indexOf(one)] ?? {};
      return new Map(parameter_names.map((name, i) => [name, bestfit[i] ?? NaN]));
    });
  },
};
