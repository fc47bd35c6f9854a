/** Colour for words on stdout: only on a terminal, and not where NO_COLOR is set (no-color.org) or TERM is dumb. */
type Paint = (text: string) => string;

export interface Paints {
  bold: Paint;
  red: Paint;
  green: Paint;
}

/** @param coloured whether a terminal shows it; asked while the environment may be read */
export function makePaints(coloured: boolean = isColoured()): Paints {
  const paint = (code: number): Paint => (text) => coloured ? `\u001b[${code}m${text}\u001b[0m` : text;
  return { bold: paint(1), red: paint(31), green: paint(32) };
}

function isColoured(): boolean {
  return Deno.stdout.isTerminal() && !Deno.noColor && Deno.env.get("TERM") !== "dumb";
}
