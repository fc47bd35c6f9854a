// @ts-types="@types/d3-scale"
import { scaleBand, scaleLinear } from "d3-scale";
import { percent, plural } from "../../format.ts";
import type { MergedStarts } from "../../schema/starts.ts";
import { type Figure, HALF_WIDTH, type Markup, markup, plot, px, xRange, yAxis, yRange } from "../plot.ts";

/** Toys of one start by what its fits found; all starts have the same toys. */
interface Bar {
  index: number;
  parts: { words: string; n: number; colour: string }[];
}

const PARTS = [
  { words: "found as by other starts", colour: "accent" },
  { words: "found by this start alone", colour: "second" },
  { words: "missed", colour: "muted" },
] as const;

/** Returns what the fits from each start found, a bar for each. */
export function startsFigure(found: MergedStarts): Figure {
  const frame = HALF_WIDTH;
  const bars = found.starts.map((start) => barOf(found.n_toys, start));
  const x = scaleBand(bars.map(({ index }) => `${index}`), xRange(frame)).padding(0.2);
  const y = scaleLinear([0, found.n_toys], yRange(frame));
  const words = {
    ...{ name: "starts", title: "What each start finds", caption: captionOf(found) },
    what: "A bar for each start: the toys whose lowest known minimum its fit reached, alone or with others, or missed.",
    // The table of the page has the numbers.
    numbers: null,
  };
  const skipped = Math.ceil(bars.length / 16);
  return plot(frame, words, [
    yAxis(frame, { scale: y, label: "toys" }),
    ...bars.flatMap(({ index, parts }) => stack(x(`${index}`) ?? 0, x.bandwidth(), y, parts)),
    ...bars.filter((_, i) => i % skipped === 0).map(({ index }) =>
      markup`<text class="muted small" x="${px((x(`${index}`) ?? 0) + x.bandwidth() / 2)}" y="${
        px(frame.height - frame.bottom + 18)
      }" text-anchor="middle">${index}</text>`
    ),
    ...legend(frame.left, frame.height - 6),
  ]);
}

function barOf(n_toys: number, { index, n_lowest_alone, n_missed }: MergedStarts["starts"][number]): Bar {
  const counts = [n_toys - n_missed - n_lowest_alone, n_lowest_alone, n_missed];
  return { index, parts: PARTS.map((part, i) => ({ ...part, n: counts[i] ?? 0 })) };
}

function stack(x: number, width: number, y: (n: number) => number, parts: Bar["parts"]): Markup[] {
  let below = 0;
  return parts.filter(({ n }) => n > 0).map(({ words, n, colour }) => {
    const [bottom, top] = [y(below), y(below + n)];
    below += n;
    return markup`<rect class="mark" fill="var(--${colour})" x="${px(x)}" y="${px(top)}" width="${px(width)}" height="${
      px(bottom - top)
    }"><title>${`${plural(n, "toy")} ${words}`}</title></rect>`;
  });
}

const LEGEND_WIDTHS = [178, 172, 0];

function legend(left: number, y: number): Markup[] {
  let x = left - 40;
  return PARTS.map(({ words, colour }, i) => {
    const at = x;
    x += LEGEND_WIDTHS[i] ?? 0;
    return markup`<rect fill="var(--${colour})" x="${px(at)}" y="${
      px(y - 10)
    }" width="10" height="10" rx="2"/><text class="small" x="${px(at + 15)}" y="${px(y - 1)}">${words}</text>`;
  });
}

function captionOf({ k, n_toys, n_found_by_one, missed_bound, missed_estimate }: MergedStarts): string {
  return `${n_found_by_one} of ${n_toys} toys were found by one of ${k} starts alone: at most ${
    percent(missed_bound)
  } (95 %) are missed by all such starts; Good and Turing's estimate for one more start is ${
    percent(missed_estimate)
  }. Minima that this fitter never reaches do not count.`;
}
