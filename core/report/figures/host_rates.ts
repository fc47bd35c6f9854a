// @ts-types="@types/d3-scale"
import { scaleLinear } from "d3-scale";
import type { HostShare } from "../../contracts/sweep_summary.ts";
import { significant } from "../../format.ts";
import { type Markup, markup, px } from "../markup.ts";
import { type Figure, plot, xAxis, xRange } from "../plot.ts";

const MOST_HOSTS = 24;
const ROW = 34;

/** What one slot of each host does, the slowest last. */
export function hostRates(hosts: readonly HostShare[]): Figure | null {
  const known = hosts.flatMap((host) => host.toys_per_slot_s === null ? [] : [{ ...host, rate: host.toys_per_slot_s }]);
  if (known.length === 0) return null;
  const sorted = known.sort((a, b) => b.rate - a.rate);
  const half = Math.floor(MOST_HOSTS / 2);
  const shown = sorted.length <= MOST_HOSTS ? sorted : [...sorted.slice(0, half), ...sorted.slice(-half)];
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
  return {
    name: "hosts",
    title: "Speed of the hosts",
    caption: `Toys by the wall time of their shards: what one slot does, start-up included.${
      left_out > 0 ? ` ${left_out} hosts in between are left out.` : ""
    }`,
    svg: plot(frame, "Toys a second of one slot, by host", [
      ...bars,
      xAxis(frame, { scale: x, label: "toys/s of one slot" }),
    ]),
  };
}

const cut = (text: string) => text.length > 62 ? `${text.slice(0, 61)}…` : text;
