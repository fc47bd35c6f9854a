// @ts-types="@types/d3-scale"
import { scaleLinear } from "d3-scale";
// @ts-types="@types/d3-shape"
import { area, curveStepAfter } from "d3-shape";
import { significant } from "../../format.ts";
import { doneShards, type RunFacts, sumOf } from "../../run_facts.ts";
import type { HostShare } from "../../schema/sweep_summary.ts";
import { type Figure, HALF_WIDTH, Markup, markup, plot, px, xAxis, xRange, yAxis, yRange } from "../plot.ts";

const STEPS = 180;

/** Returns toys per second over time, with the toys of a shard spread evenly over its time. */
export function throughput(run: RunFacts): Figure | null {
  const steps = rates(run);
  if (steps.length === 0) return null;
  const frame = HALF_WIDTH;
  const [width_s, mean] = [steps.at(-1)?.to_s ?? 1, run.times.toys_per_s];
  const x = scaleLinear([0, width_s], xRange(frame));
  const y = scaleLinear([0, steps.reduce((most, { rate }) => Math.max(most, rate), mean ?? 0)], yRange(frame)).nice();
  const last = { from_s: width_s, to_s: width_s, rate: steps.at(-1)?.rate ?? 0 };
  const shape = area<Step>(({ from_s }) => x(from_s), y(0), ({ rate }) => y(rate)).curve(curveStepAfter).digits(1);
  const d = new Markup(shape([...steps, last]) ?? "");
  const caption = `Toys per second; each shard's toys are spread over its wall time${
    mean === null ? "" : `; dashed: ${significant(mean)} toys/s = all toys / makespan`
  }.`;
  const words = {
    ...{ name: "throughput", title: "Throughput over time", caption },
    what: "The rate in toys per second over the time of the run.",
    numbers: { head: ["seconds since the first start", "toys/s"], rows: tenths(steps) },
  };
  return plot(frame, words, [
    yAxis(frame, { scale: y, label: "toys/s" }),
    markup`<path class="mark" fill="var(--accent)" fill-opacity=".28" stroke="var(--accent)" stroke-width="1.5" d="${d}"/>`,
    mean === null
      ? null
      : markup`<path class="line dash" stroke="var(--second)" d="M${px(x(0))} ${px(y(mean))}H${px(x(width_s))}"/>`,
    xAxis(frame, { scale: x, label: "seconds since the first start" }),
  ]);
}

interface Step {
  from_s: number;
  to_s: number;
  rate: number;
}

function rates(run: RunFacts): Step[] {
  const rows = doneShards(run).flatMap(({ span, n_toys }) => span ? [{ ...span, n_toys }] : []);
  // Some of the shards alone would show a wrong rate.
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

/** Returns the mean rate of each tenth of the time. */
function tenths(steps: readonly Step[]): string[][] {
  const size = STEPS / 10;
  return Array.from({ length: 10 }, (_, i) => {
    const part = steps.slice(i * size, (i + 1) * size);
    const mean = part.reduce((sum, { rate }) => sum + rate, 0) / size;
    return [`${part[0]?.from_s.toFixed(2)} to ${part.at(-1)?.to_s.toFixed(2)}`, significant(mean)];
  });
}

const MAX_HOSTS = 24;
const ROW = 34;

/** Returns the throughput of one slot of each host, the slowest host last. */
export function hostRates(hosts: readonly HostShare[]): Figure | null {
  const known = hosts.flatMap((host) => host.toys_per_slot_s === null ? [] : [{ ...host, rate: host.toys_per_slot_s }]);
  if (known.length === 0) return null;
  const sorted = known.sort((a, b) => b.rate - a.rate);
  const half = Math.floor(MAX_HOSTS / 2);
  const shown = sorted.length <= MAX_HOSTS ? sorted : [...sorted.slice(0, half), ...sorted.slice(-half)];
  const frame = {
    width: 540,
    height: Math.max(150, 16 + shown.length * ROW + 42),
    left: 16,
    right: 90,
    top: 16,
    bottom: 42,
  };
  const x = scaleLinear([0, sorted[0]?.rate ?? 1], xRange(frame));
  const bars = shown.map((host, i): Markup => {
    const [y, width] = [frame.top + i * ROW, Math.max(1, x(host.rate) - x(0))];
    const words = `${host.host}${host.cpu_model === null ? "" : ` · ${host.cpu_model}`}`;
    return markup`<text class="small" x="${px(frame.left)}" y="${px(y + 11)}">${
      cut(words)
    }<title>${words}</title></text><rect class="mark" fill="var(--accent)" x="${px(frame.left)}" y="${
      px(y + 16)
    }" width="${
      px(width)
    }" height="10" rx="2"><title>${`${host.n_toys} toys in ${host.n_shards} shards`}</title></rect><text class="small muted" x="${
      px(frame.left + width + 6)
    }" y="${px(y + 25)}">${significant(host.rate)}</text>`;
  });
  const left_out = sorted.length - shown.length;
  const caption = `Toys / wall time of their shards = throughput of one slot, including start-up.${
    left_out > 0 ? ` ${left_out} hosts in the middle are not shown.` : ""
  }`;
  const words = {
    ...{ name: "hosts", title: "Speed of the hosts", caption },
    what: "A bar for each host, the fastest first.",
    numbers: {
      head: ["host", "CPU", "shards", "toys", "toys/s per slot"],
      rows: shown.map(({ host, cpu_model, n_shards, n_toys, rate }) => [
        ...[host, cpu_model ?? "", `${n_shards}`, `${n_toys}`, significant(rate)],
      ]),
    },
  };
  return plot(frame, words, [...bars, xAxis(frame, { scale: x, label: "toys/s per slot" })]);
}

const cut = (text: string) => text.length > 62 ? `${text.slice(0, 61)}…` : text;

/** Returns the numbers of toys that converged, did not, ended with an error, or are missing. */
export function convergence(run: RunFacts): Figure | null {
  const done = doneShards(run);
  const [converged, errors] = [
    sumOf(done.map((shard) => shard.n_converged)),
    sumOf(done.map((shard) => shard.n_error)),
  ];
  if (done.length === 0 || converged === null || errors === null) return null;
  const n_done = done.reduce((sum, shard) => sum + shard.n_toys, 0);
  const parts = [
    { words: "converged", n: converged, colour: "good" },
    { words: "not converged", n: n_done - converged - errors, colour: "c1" },
    { words: "error", n: errors, colour: "bad" },
    { words: "no result", n: run.n_toys - n_done, colour: "muted" },
  ].filter(({ n }, i) => n > 0 || i < 3);
  const frame = { width: 540, height: 132 };
  let x = 16;
  const bars = parts.map(({ n, colour, words }, i): Markup => {
    const width = 508 * n / run.n_toys;
    const at = 16 + i * 132;
    const mark = markup`<rect class="mark" fill="var(--${colour})" x="${px(x)}" y="20" width="${
      px(width)
    }" height="34"/><rect fill="var(--${colour})" x="${px(at)}" y="78" width="10" height="10" rx="2"/><text x="${
      px(at + 16)
    }" y="88">${words}</text><text class="muted" x="${px(at + 16)}" y="106">${`${n} (${
      share(n / run.n_toys)
    })`}</text>`;
    x += width;
    return mark;
  });
  const words = {
    ...{ name: "convergence", title: "Convergence", caption: `${converged} of ${run.n_toys} toys converged.` },
    what: "A bar of the toys by how their fits ended.",
    numbers: {
      head: ["toys that ended so", "toys", "of all"],
      rows: parts.map(({ words, n }) => [words, `${n}`, share(n / run.n_toys)]),
    },
  };
  return plot(frame, words, bars);
}

/** Returns a percentage that is 100 % only for all toys. */
function share(part: number): string {
  if (part === 1 || part === 0) return `${part * 100} %`;
  return `${Math.min(99.99, Math.max(0.01, part * 100)).toFixed(2)} %`;
}
