/** Foreign text inside a line or a table of Markdown: it shows as it is, and starts nothing. */
export function mdText(text: string): string {
  // deno-lint-ignore no-control-regex
  const line = text.replaceAll(/[\u0000-\u001f\u007f]+/g, " ");
  return line.replaceAll(/[\\`*{}[\]<>#|~&!]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, (mark) => `\\${mark}`);
}

/** Foreign text as code: a fence longer than any inside, and no cell border. */
export function mdCode(text: string): string {
  // deno-lint-ignore no-control-regex
  const line = text.replaceAll(/[\u0000-\u001f\u007f]+/g, " ").replaceAll("|", "\\|");
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `${fence}${line}${fence}` : `${fence} ${line} ${fence}`;
}

/** @param align of each column: l or r */
export function mdTable(head: readonly string[], align: string, rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = `|${[...align].map((one) => one === "r" ? "---:" : "---").join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}
