import type { LimitPoint } from "../schema/limit.ts";

/** Returns what the runs of a limit say of their fits: each sentence once, with the values of mu that it is about. */
export function markedPoints(points: readonly LimitPoint[]): string[] {
  const marks = points.flatMap(({ mu, marks = [] }) => marks.map((words) => ({ mu, words })));
  return [...Map.groupBy(marks, ({ words }) => words)].map(([words, of]) =>
    of.length === points.length ? words : `at mu = ${of.map(({ mu }) => mu).join(", ")}: ${words}`
  );
}
