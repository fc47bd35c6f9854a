import { basename, join } from "node:path";
import { FarmError } from "../../core/errors.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { HypothesisCheck } from "../../core/schema/starts.ts";
import * as z from "../../core/schema/zod.ts";
import type { SpecModel } from "../../core/spec.ts";
import { inputPath } from "../../core/staging.ts";
import { writeWhole } from "../fs/write.ts";
import { affordedToys, checkStarts } from "./check.ts";
import { readSource } from "./data.ts";
import { fitData } from "./fits.ts";

/** A test of an unbinned spec whose toys are tried. */
interface TriedHypotheses {
  manifest: FarmManifest;
  spec: unknown;
  model: SpecModel;
  /** Tested value of the POI. */
  mu: number;
  n_toys: number;
  /** Time of a toy of both hypotheses in seconds; null: unknown. */
  toy_s: number | null;
  scratch: string;
}

/**
 * Fits trial toys of both hypotheses as nextstat starts and from other starts: toys of unbinned-fit-toys, generated where
 * those of the test are, at the fits of the observed data with the POI held. Without a word where that cannot be.
 */
export async function checkHypotheses(tried: TriedHypotheses): Promise<HypothesisCheck[]> {
  const { manifest, spec, model, mu, scratch } = tried;
  if (affordedToys(tried.n_toys, tried.toy_s) === 0) return [];
  // Arguments of the user are those of another command.
  const run = { manifest: { ...manifest, farm: { ...manifest.farm, extra_args: [] } }, scratch };
  const found: HypothesisCheck[] = [];
  for (const [hypothesis, at] of [["b", 0], ["sb", mu]] as const) {
    try {
      const point = await heldFit(tried, at);
      const source = point && await readSource(manifest.config, spec, model, point);
      const checked = source && await checkStarts({ ...run, point }, source, tried);
      if (checked) found.push({ hypothesis, mu: at, ...checked });
    } catch (error) {
      // A spec of which no starts can be made runs as it is; nobody asked for them.
      if (!(error instanceof FarmError)) throw error;
    }
  }
  return found;
}

const Model = z.looseObject({
  model: z.looseObject({ parameters: z.array(z.looseObject({ name: z.string() })) }),
});

/** Fits the observed data with the POI held at a value. @returns all parameters by name; null: nextstat does not fit it */
async function heldFit(
  { manifest: { config, nextstat_bin }, spec, model: { poi }, scratch }: TriedHypotheses,
  at: number,
): Promise<Record<string, number> | null> {
  const { data } = Model.safeParse(withAbsoluteFiles(spec, config));
  if (!data) return null;
  const parameters = data.model.parameters.map((one) =>
    one.name === poi ? { ...one, init: at, bounds: [at, at] } : one
  );
  const path = join(scratch, `held_${basename(config)}.json`);
  writeWhole(path, JSON.stringify({ ...data, model: { ...data.model, parameters } }));
  const fit = await fitData(nextstat_bin, path, join(scratch, "held.fit.json"));
  if (!fit) return null;
  return { ...Object.fromEntries(fit.parameter_names.map((name, i) => [name, fit.bestfit[i] ?? NaN])), [poi]: at };
}

/** Returns a spec that can be read in any folder. */
const withAbsoluteFiles = (spec: unknown, config: string): unknown =>
  JSON.parse(JSON.stringify(spec), (key, value: unknown) => {
    return key === "file" && typeof value === "string" ? inputPath(config, value) : value;
  });
