import { plural } from "../format.ts";
import {
  enoughWords,
  estimateText,
  pointVerdict,
  ratePercent,
  reasonLines,
  rulesWords,
  VERDICT_WORDS,
  verdictSentence,
  withoutSigmaLines,
} from "../inject/summary.ts";
import type { Estimate, InjectPoint, InjectSummary, ToyRate } from "../schema/inject.ts";
import { pullFigures } from "./figures/pull_points.ts";
import { type Column, listOf, numberColumn, type Page, tableCard, textCard, type Tile } from "./page.ts";
import type { Markup } from "./plot.ts";

export function injectPage(summary: InjectSummary): Page {
  const { inject_id, workload, scheduler, config, parameter, points } = summary;
  const sentence = verdictSentence(summary);
  return {
    title: `Injection study ${inject_id}`,
    about: [`Toys at ${plural(points.length, "value")} of ${parameter}, ${workload} on ${scheduler}`, config],
    lead: `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}. ${enoughWords(summary)}`,
    tiles: tilesOf(summary),
    cards: [...reasons(summary), ...pullFigures(summary), statements(summary), pointTable(summary)],
  };
}

function tilesOf({ verdict, points, n_toys }: InjectSummary): Tile[] {
  const counts = (wanted: InjectPoint["verdict"]) => points.filter((point) => point.verdict === wanted).length;
  const [flagged, open] = [counts("flagged"), counts("unfinished")];
  const done = points.length - open;
  return [
    { value: VERDICT_WORDS[verdict], words: "verdict", is_first: true, is_bad: verdict === "flagged" },
    { value: `${flagged}/${points.length}`, words: "points are flagged", is_bad: flagged > 0 },
    { value: `${counts("undecided")}`, words: "points need more toys" },
    { value: `${done}/${points.length}`, words: "points have a result", is_bad: open > 0 },
    { value: `${n_toys}`, words: "toys, over all points" },
  ];
}

/** Returns the reasons of the verdicts, and what fits lack a sigma; none where all points are acceptable and all have one. */
function reasons(summary: InjectSummary): Markup[] {
  const lines = [...reasonLines(summary), ...withoutSigmaLines(summary)];
  return lines.length === 0 ? [] : [textCard("Reasons", listOf(lines))];
}

function statements(summary: InjectSummary): Markup {
  return textCard(
    "How the verdict is made",
    listOf([
      rulesWords(summary),
      "A pull is (fitted POI − generated POI) / fitted sigma, of a toy whose fit converged with a usable sigma. Fits that failed, and fits without one (0, far below the others', or the POI on its bound), count in a rate that is judged with the failed fits.",
      "Flagged: mean, width or coverage of the pulls lies significantly outside the thresholds, too many fits failed or have no usable sigma, or fits stay on a bound.",
      "Acceptable: mean and width are within the thresholds at 95 % confidence each. Undecided: neither; more toys decide.",
      "Not judged: a bound of the POI lies within 2 sigma of the generated value and cuts the pulls off on one side.",
      "A bias of 0.14 sigma adds 1 % to the total error, one of 0.2 sigma 2 %. Choose the threshold and the number of toys before the study.",
    ]),
  );
}

const estimateColumn = (head: string, of: (point: InjectPoint) => Estimate | null): Column<InjectPoint> => ({
  head,
  cell: (point) => estimateText(of(point)),
  value: (point) => of(point)?.value ?? null,
});

const rateColumn = (head: string, of: (point: InjectPoint) => ToyRate | null): Column<InjectPoint> => ({
  head,
  cell: (point) => ratePercent(of(point)),
  value: (point) => of(point)?.p ?? null,
});

function pointTable({ parameter, points }: InjectSummary): Markup {
  const columns: Column<InjectPoint>[] = [
    numberColumn(parameter, ({ value }) => value, String),
    { head: "verdict", cell: pointVerdict, look: "left" },
    numberColumn("toys", ({ n_toys }) => n_toys, String),
    rateColumn("failed fits, %", ({ failed }) => failed),
    estimateColumn("bias", ({ bias }) => bias),
    estimateColumn("mean pull", ({ pull_mean }) => pull_mean),
    estimateColumn("median pull", ({ pull_median }) => pull_median),
    estimateColumn("width", ({ pull_width }) => pull_width),
    rateColumn("within 1 sigma, %", ({ coverage }) => coverage?.sigma_1 ?? null),
    rateColumn("within 2 sigma, %", ({ coverage }) => coverage?.sigma_2 ?? null),
    {
      head: "without sigma",
      cell: ({ n_without_sigma: n }) => n === null || n === 0 ? "" : `${n}`,
      value: ({ n_without_sigma }) => n_without_sigma,
    },
    numberColumn("more toys", ({ more_toys }) => more_toys, String),
    { head: "run", cell: ({ run_id }) => run_id, look: "left" },
  ];
  return tableCard("Points", "One run for each injected value. Click a column header to sort.", columns, points);
}
