import { percent } from "../format.ts";
import type { FitQuality } from "../schema/fit_quality.ts";
import type { MergedStarts } from "../schema/starts.ts";
import { isMarked, startsMark } from "../starts/words.ts";
import { type Column, numberColumn, type Page, tableCard, type Tile } from "./page.ts";

/** Returns the headline's mark on toys whose fits may miss the minimum, with a space behind it; empty: none. */
export const leadMark = (fits: FitQuality | null): string =>
  fits !== null && startsMark(fits) !== null ? "MARKED: the fits of these toys may miss the minimum. " : "";

/** Returns the tile of what fits may miss; none where nothing is known of it. */
export function startsTiles({ starts, starts_check }: FitQuality): Tile[] {
  if (starts) {
    return [{
      value: `≤ ${percent(starts.missed_bound)}`,
      words: `of the toys may miss their minimum (95 %); fitted from ${starts.k} starts each`,
      is_bad: isMarked(starts),
    }];
  }
  if (!starts_check) return [];
  const { n_lower, n_toys } = starts_check;
  return [{
    value: `${n_lower} of ${n_toys}`,
    words: "trial toys were fitted to a minimum that is not the lowest",
    is_bad: true,
  }];
}

/** Returns the table of what each start found; none without starts. */
export function startsCards({ starts }: FitQuality): Page["cards"] {
  return starts ? [startsTable(starts)] : [];
}

type Row = MergedStarts["starts"][number];

function startsTable({ n_toys, starts }: MergedStarts): Page["cards"][number] {
  const share = (n: number): string => `${n} (${percent(n / Math.max(1, n_toys))})`;
  const columns: Column<Row>[] = [
    numberColumn("start", ({ index }) => index, String),
    { head: "data", cell: ({ data_file }) => data_file ?? "", look: "left" },
    numberColumn("found by it alone", ({ n_lowest_alone }) => n_lowest_alone, share),
    numberColumn("missed", ({ n_missed }) => n_missed, share),
    numberColumn("largest NLL missed", ({ worst_missed_nll }) => worst_missed_nll, (nll) => nll.toPrecision(3)),
    { head: "sha256", cell: ({ sha256 }) => sha256?.slice(0, 12) ?? "", look: "left" },
  ];
  const note =
    "Of each toy the fit of the lowest NLL was kept. A start is the best fit of its data; click a column header to sort.";
  return tableCard("Starts of the fits", note, columns, starts);
}
