/** One line of the table: a measurement and its bound. */
export interface BenchLine {
  what: string;
  measured: number;
  /** null: shown without a bound. */
  at_most: number | null;
  unit: string;
  /** What it was compared with, or how it was measured. */
  how: string;
}

/** Returns whether a line is within its bound. */
export const holds = ({ measured, at_most }: BenchLine): boolean => at_most === null || measured <= at_most;

function number(value: number): string {
  if (Number.isInteger(value) || value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 3);
}

/** Returns the lines as a Markdown table below the text `about`. */
export function markdownTable(lines: BenchLine[], about: string): string {
  const rows = lines.map((line) => {
    const bound = line.at_most === null ? "" : `${number(line.at_most)} ${line.unit}`;
    return `| ${line.what} | ${number(line.measured)} ${line.unit} | ${bound} | ${
      line.at_most === null ? "" : holds(line) ? "yes" : "**no**"
    } | ${line.how} |`;
  });
  return [
    "# Timings",
    "",
    "Made by `./dev bench`; what is compared runs in turn. " + about,
    "",
    "| what | measured | at most | holds | how |",
    "| --- | ---: | ---: | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}
