// @ts-types="@types/d3-shape"
import { line } from "d3-shape";
import { rounded, withError } from "../../format.ts";
import type { ToyFacts } from "../../run_facts.ts";
import { finiteOf, moments } from "../../statistics.ts";
import { Markup, markup } from "../markup.ts";
import { type Figure, type Frame, markLines, type Scale } from "../plot.ts";
import { histogram } from "./histogram.ts";

/** The fitted POI of all toys, with the value at which they were generated. */
export function poiHistogram({ poi_name, poi_true, poi_hat }: ToyFacts): Figure | null {
  const summary = moments(poi_hat);
  if (!summary) return null;
  const { mean, std, n_ok } = summary;
  const error = std / Math.sqrt(n_ok);
  const bias = poi_true === null ? "" : `; true ${rounded(poi_true, 5)}, bias ${withError(mean - poi_true, error)}`;
  return {
    name: "poi",
    title: `Fitted ${poi_name}`,
    caption: `${n_ok} toys: mean ${withError(mean, error)}, std ${withError(std, std / Math.sqrt(2 * n_ok))}${bias}.`,
    svg: histogram({
      label: `Histogram of the fitted ${poi_name}`,
      x_label: poi_name,
      y_label: "toys",
      values: finiteOf(poi_hat),
      shown: poi_true === null ? [] : [poi_true],
      colour: "c2",
      marks: (frame, x) =>
        markLines(frame, x, [
          { value: mean, words: "mean", colour: "ink" },
          ...(poi_true === null ? [] : [{ value: poi_true, words: "true", colour: "second" }]),
        ]),
    }),
  };
}

/** The pulls with what a unit Gaussian would give; null where none were computed. */
export function pullHistogram({ pulls }: ToyFacts): Figure | null {
  const summary = moments(pulls);
  if (!summary) return null;
  const { mean, std, n_ok } = summary;
  return {
    name: "pulls",
    title: "Pulls",
    caption: `${n_ok} pulls: mean ${withError(mean, std / Math.sqrt(n_ok))}, std ${
      withError(std, std / Math.sqrt(2 * n_ok))
    }; line: a unit Gaussian.`,
    svg: histogram({
      label: "Histogram of the pulls with a unit Gaussian",
      x_label: "(fitted − true) / sigma",
      y_label: "toys",
      values: finiteOf(pulls),
      shown: [-4, 4],
      colour: "c3",
      marks: (frame, x, y, width) => [gaussian(n_ok * width, frame, x, y)],
    }),
  };
}

/** @param area under the curve, in the bars' unit */
function gaussian(area: number, frame: Frame, x: Scale, y: Scale): Markup {
  const [from, to] = [x.invert(frame.left), x.invert(frame.width - frame.right)];
  const points = Array.from({ length: 121 }, (_, i) => from + (to - from) * i / 120);
  const height = (value: number) =>
    Math.min(y.domain()[1] ?? 0, area * Math.exp(-value * value / 2) / Math.sqrt(2 * Math.PI));
  const d = line<number>((value) => x(value), (value) => y(height(value))).digits(1)(points) ?? "";
  return markup`<path class="line" stroke="var(--ink)" d="${new Markup(d)}"/>`;
}
