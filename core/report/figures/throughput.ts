// @ts-types="@types/d3-scale"
import { scaleLinear } from "d3-scale";
// @ts-types="@types/d3-shape"
import { area, curveStepAfter } from "d3-shape";
import { significant } from "../../format.ts";
import { doneShards, type RunFacts } from "../../run_facts.ts";
import { Markup, markup, px } from "../markup.ts";
import { type Figure, HALF, plot, xAxis, xRange, yAxis, yRange } from "../plot.ts";

const STEPS = 180;

/** Toys a second over time, the toys of a shard spread evenly over its time. */
export function throughput(run: RunFacts): Figure | null {
  const steps = rates(run);
  if (steps.length === 0) return null;
  const frame = HALF;
  const [width_s, mean] = [steps.at(-1)?.to_s ?? 1, run.times.toys_per_s];
  const x = scaleLinear([0, width_s], xRange(frame));
  const y = scaleLinear([0, steps.reduce((most, { rate }) => Math.max(most, rate), mean ?? 0)], yRange(frame)).nice();
  const last = { from_s: width_s, to_s: width_s, rate: steps.at(-1)?.rate ?? 0 };
  const shape = area<Step>(({ from_s }) => x(from_s), y(0), ({ rate }) => y(rate)).curve(curveStepAfter).digits(1);
  const d = new Markup(shape([...steps, last]) ?? "");
  return {
    name: "throughput",
    title: "Throughput over time",
    caption: mean === null
      ? "Toys a second, each shard's toys spread over its time."
      : `Toys a second, each shard's toys spread over its time; dashed: ${
        significant(mean)
      } toys/s, all toys by the makespan.`,
    svg: plot(frame, "Toys a second over time", [
      yAxis(frame, { scale: y, label: "toys/s" }),
      markup`<path class="mark" fill="var(--accent)" fill-opacity=".28" stroke="var(--accent)" stroke-width="1.5" d="${d}"/>`,
      mean === null
        ? null
        : markup`<path class="line dash" stroke="var(--second)" d="M${px(x(0))} ${px(y(mean))}H${px(x(width_s))}"/>`,
      xAxis(frame, { scale: x, label: "seconds since the first start" }),
    ]),
  };
}

interface Step {
  from_s: number;
  to_s: number;
  rate: number;
}

function rates(run: RunFacts): Step[] {
  const rows = doneShards(run).flatMap(({ span, n_toys }) => span ? [{ ...span, n_toys }] : []);
  // A part of the shards would show a rate that never was.
  if (rows.length === 0 || rows.length < doneShards(run).length) return [];
  const first = rows.reduce((least, { started_ms }) => Math.min(least, started_ms), Infinity);
  const whole_s = rows.reduce((most, { finished_ms }) => Math.max(most, finished_ms), first + 1) / 1000 - first / 1000;
  const step_s = whole_s / STEPS;
  const toys = new Float64Array(STEPS);
  for (const { started_ms, finished_ms, n_toys } of rows) {
    const [from, to] = [(started_ms - first) / 1000, Math.max(finished_ms - first, started_ms - first + 1) / 1000];
    for (let i = Math.floor(from / step_s); i < STEPS && i * step_s < to; i++) {
      const shared = Math.min(to, (i + 1) * step_s) - Math.max(from, i * step_s);
      toys[i] = (toys[i] ?? 0) + n_toys * Math.max(0, shared) / (to - from);
    }
  }
  return Array.from(toys, (n, i) => ({ from_s: i * step_s, to_s: (i + 1) * step_s, rate: n / step_s }));
}
