import { bracketedMarks, caveatTexts, limitMarks } from "../limit/caveats.ts";
import { BANDS, clsRangeText, decidingToys, unfinishedText } from "../limit/summary.ts";
import { markedPoints } from "../limit/marks.ts";
import { rounded, withError } from "../format.ts";
import type { ToyTail } from "../schema/hypotest.ts";
import type { LimitPoint, LimitSummary } from "../schema/limit.ts";
import { clsCurve } from "./figures/cls_curve.ts";
import { type Column, listOf, numberColumn, type Page, tableCard, textCard, type Tile } from "./page.ts";
import type { Markup } from "./plot.ts";

/** Level of which a limit's page has no word in its name: `<limit_id>.report.html`. */
export const USUAL_CL = 0.95;

export function limitPage(summary: LimitSummary): Page {
  const { limit_id, workload, scheduler, config, points, cl } = summary;
  return {
    title: `Upper limit ${limit_id}${cl === USUAL_CL ? "" : ` at ${rounded(100 * cl, 4)} % CL`}`,
    about: [`${workload} at ${points.length} values of mu, on ${scheduler}`, config],
    lead: leadOf(summary),
    tiles: tilesOf(summary),
    cards: [clsCurve(summary), ...fitCards(points), statements(summary), pointTable(points)],
  };
}

/** Returns the card of what the runs say of their fits; none where they say nothing. */
function fitCards(points: readonly LimitPoint[]): Markup[] {
  const lines = markedPoints(points);
  return lines.length === 0 ? [] : [textCard("Where the fits start", listOf(lines.map(sentence)))];
}

function leadOf(summary: LimitSummary): string {
  const { limit, why, cl, points } = summary;
  const unfinished = unfinishedText(points).map((words) => ` There is ${words}.`).join("");
  const marks = bracketedMarks(summary);
  if (limit === null) return `No upper limit yet${marks}: ${why}.${unfinished}`;
  const [from, to] = limit.between;
  return `CLs falls to ${rounded(1 - cl, 3)} between mu = ${from} and mu = ${to}: the upper limit at ${
    rounded(100 * cl, 4)
  } % CL is ${withError(limit.value, limit.error)}${marks}, by ${
    decidingToys(points, limit)
  }. Its error is from the number of toys alone.${unfinished}`;
}

function tilesOf(summary: LimitSummary): Tile[] {
  const { limit, asymptotic, n_toys, accuracy, is_accurate, points } = summary;
  const { observed = null, expected = [] } = asymptotic ?? {};
  const [, low = null, median = null, high = null] = expected;
  const done = points.filter(({ cls }) => cls !== null).length;
  const marks = limitMarks(summary);
  const words = ["upper limit by toys", ...marks].join("; ");
  return [
    limit
      ? { value: withError(limit.value, limit.error), words, is_first: marks.length === 0, is_bad: marks.length > 0 }
      : { value: "none", words, is_bad: true },
    ...(observed === null ? [] : [{ value: rounded(observed, 4), words: "asymptotic upper limit" }]),
    ...(median === null
      ? []
      : [{ value: rounded(median, 4), words: `asymptotic expected limit; within 1 sigma ${rangeText(low, high)}` }]),
    { value: `${n_toys}`, words: "toys of each hypothesis, over all points" },
    { value: `${done}/${points.length}`, words: "points have a result", is_bad: done < points.length },
    ...(accuracy === null
      ? []
      : [{ value: is_accurate ? "reached" : "NOT REACHED", words: `wanted error ${accuracy}`, is_bad: !is_accurate }]),
  ];
}

/** Returns what a reader should know before the number goes into a paper. */
function statements(summary: LimitSummary): Markup {
  const { asymptotic, caveats } = summary;
  const expected = asymptotic?.expected ?? [];
  return textCard(
    "What the numbers say",
    listOf([
      "Between two points ln CLs is taken as a straight line; points between which CLs rises are averaged.",
      "nextstat's p-values are (k + 1) / (n + 1): with few toys CLs comes out too large, and so does the limit.",
      ...(caveats?.failed ? [] : ["All fits of toys converged."]),
      ...caveatTexts(summary).map(sentence),
      ...(expected.some((value) => value !== null)
        ? [
          `Asymptotic expected limits: ${
            BANDS.map((band, i) => `${band} sigma: ${shown(expected[i] ?? null)}`).join(", ")
          }.`,
        ]
        : []),
    ]),
  );
}

const sentence = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;

/** Returns the range of two limits, of which one may lie outside the points. */
const rangeText = (low: number | null, high: number | null): string =>
  low === null ? `up to ${shown(high)}` : high === null ? `from ${shown(low)}` : `${shown(low)} to ${shown(high)}`;

const shown = (value: number | null): string => value === null ? "outside the points" : rounded(value, 4);

const tailText = (tail: ToyTail | null): string =>
  tail === null ? "" : `${rounded(tail.p, 4)} (${tail.k} of ${tail.n})`;

function pointTable(points: readonly LimitPoint[]): Markup {
  const columns: Column<LimitPoint>[] = [
    numberColumn("mu", ({ mu }) => mu, String),
    {
      head: "CLs",
      cell: ({ cls, cls_error }) => cls === null || cls_error === null ? "no result" : withError(cls, cls_error),
      value: ({ cls }) => cls,
    },
    { head: "CLs+b", cell: ({ clsb }) => tailText(clsb), value: ({ clsb }) => clsb?.p ?? null },
    { head: "CLb", cell: ({ clb }) => tailText(clb), value: ({ clb }) => clb?.p ?? null },
    numberColumn("toys", ({ n_toys }) => n_toys, String),
    { head: "asymptotic CLs", cell: ({ asymptotic }) => asymptotic ? rounded(asymptotic.cls, 4) : "" },
    { head: "CLs with failed toys", cell: ({ cls_range }) => clsRangeText(cls_range) },
    { head: "CLs with tied toys", cell: ({ ties }) => clsRangeText(ties?.cls_range ?? null) },
    { head: "run", cell: ({ run_id }) => run_id, look: "left" },
  ];
  return tableCard("Points", "One run for each tested value of mu. Click a column header to sort.", columns, points);
}
