/** The README's table of commands, made from the program's own; `./dev bless` writes it, a test compares it. */
import { TABLE } from "../commands/table.ts";

const BEGIN = "<!-- commands -->";
const END = "<!-- /commands -->";

async function commandRows(): Promise<string[]> {
  const rows = TABLE.map(async (row) => {
    const { default: spec } = await row.load();
    const may = spec.needs.length === 0 ? "nothing" : spec.needs.join(", ");
    const from = row.from.includes(".") ? `\`${row.from}\`` : row.from;
    return `| \`${`${row.name} ${row.args}`.trim()}\` | ${row.summary} | ${may} | ${from} |`;
  });
  return await Promise.all(rows);
}

/** The README with its table as it has to be. */
export async function readmeWithTable(readme: string): Promise<string> {
  const head = ["| command | what it does | may | from |", "| --- | --- | --- | --- |"];
  const table = [...head, ...await commandRows()].join("\n");
  const [before, rest] = [readme.slice(0, readme.indexOf(BEGIN)), readme.slice(readme.indexOf(END))];
  return `${before}${BEGIN}\n\n${table}\n\n${rest}`;
}

if (import.meta.main) {
  const path = new URL("../README.md", import.meta.url);
  await Deno.writeTextFile(path, await readmeWithTable(await Deno.readTextFile(path)));
}
