import { breakable, type Figure, Markup, markup, type Numbers } from "./plot.ts";
import { PAGE_STYLE, SVG_STYLE } from "./theme.ts";

/** The page's only script: a click on a column header sorts its table, by data-v where a cell has it, else by text. */
export const SORT_SCRIPT = `
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.parentElement;
    const rows = head.closest("table").tBodies[0];
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentElement.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const value = (row) => {
      const cell = row.cells[head.cellIndex];
      const text = cell.dataset.v ?? cell.textContent;
      return text === "" || Number.isNaN(Number(text)) ? text : Number(text);
    };
    const order = (a, b) => {
      const [x, y] = [value(a), value(b)];
      if (typeof x === "number" && typeof y === "number") return x - y;
      if (typeof x !== typeof y) return typeof x === "number" ? -1 : 1;
      return x < y ? -1 : x > y ? 1 : 0;
    };
    rows.append(...[...rows.rows].sort((a, b) => up ? order(a, b) : order(b, a)));
  });
}
`;

/** A number at the top of a page. */
export interface Tile {
  value: string;
  words: string;
  is_first?: boolean;
  is_bad?: boolean;
}

export interface Column<T> {
  head: string;
  cell: (row: T) => string;
  /** Value to sort by, if it is not the text. */
  value?: (row: T) => number | null;
  look?: "left" | "bad";
}

/** Returns a column of numbers; empty where they are null. */
export function numberColumn<T>(
  head: string,
  of: (row: T) => number | null,
  text: (value: number) => string,
): Column<T> {
  const cell = (row: T) => {
    const value = of(row);
    return value === null ? "" : text(value);
  };
  return { head, cell, value: of };
}

export interface Page {
  title: string;
  /** Lines below the title. */
  about: readonly string[];
  lead: string;
  tiles: readonly Tile[];
  /** Cards in order; a figure is a card. */
  cards: readonly (Markup | Figure | null)[];
}

/**
 * Returns a self-contained page: no network access, and no script but its own.
 * @param script_sha256 of SORT_SCRIPT, in base64: the page's policy forbids any other script
 */
export function pageHtml(page: Page, script_sha256: string, footer: string): string {
  const policy =
    `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${script_sha256}'; base-uri 'none'; form-action 'none'`;
  const cards = page.cards.map((card) => card === null || card instanceof Markup ? card : figureCard(card));
  const document = markup`<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${page.title}</title>
<style>${new Markup(PAGE_STYLE)}</style>
</head>
<body>
<main>
<header><h1>${breakable(page.title)}</h1>${page.about.map((line) => markup`<p>${breakable(line)}</p>`)}</header>
<p class="lead">${breakable(page.lead)}</p>
<div class="tiles">${page.tiles.map(tile)}</div>
<div class="cards">
${cards}
</div>
<footer>${footer}</footer>
</main>
<script>${new Markup(SORT_SCRIPT)}</script>
</body>
</html>
`;
  return `${DOCTYPE}\n${document.text}`;
}

const DOCTYPE = "<!doctype html>";

/** Returns whether a file with this beginning was made by pageHtml(), whose policy nothing else has. */
export const isPage = (head: string): boolean => head.startsWith(DOCTYPE) && head.includes("script-src &#39;sha256-");

const tile = ({ value, words, is_first, is_bad }: Tile): Markup =>
  markup`<div class="${is_bad ? "tile wrong" : is_first ? "tile first" : "tile"}"><b>${withUnit(value)}</b><span>${
    breakable(words)
  }</span></div>`;

/** Returns a duration in which no number is parted from its unit at the end of a line. */
const withUnit = (value: string): string => value.replaceAll(/(?<=\d) (?=(s|min|h)\b)/g, "\u00a0");

const figureCard = ({ title, caption, svg, is_wide, name, numbers }: Figure): Markup =>
  markup`<section class="${is_wide ? "card wide" : "card"}" data-figure="${name}"><h2>${breakable(title)}</h2><p>${
    breakable(caption)
  }</p>${scroller(title, svg)}${numbers && details(title, numbers)}</section>
`;

/** Returns a frame for content that may be wider than its card; the keyboard scrolls it too. */
const scroller = (label: string, inside: Markup, look = "scroll"): Markup =>
  markup`<div class="${look}" tabindex="0" role="group" aria-label="${label}">${inside}</div>`;

/** Returns the figure's numbers as a table that opens on demand; a pointer shows them mark by mark. */
function details(title: string, { head, rows }: Numbers): Markup {
  const cells = (row: readonly string[]) => row.map((cell) => markup`<td class="l">${breakable(cell)}</td>`);
  const table = markup`<table><thead><tr>${
    head.map((cell) => markup`<th scope="col" class="l">${breakable(cell)}</th>`)
  }</tr></thead><tbody>${rows.map((row) => markup`<tr>${cells(row)}</tr>`)}</tbody></table>`;
  return markup`<details><summary>Numbers of this figure</summary>${
    scroller(`Numbers: ${title}`, table, "scroll tall")
  }</details>`;
}

/** Returns a card of text over the whole width. */
export const textCard = (title: string, body: Markup): Markup =>
  markup`<section class="card wide"><h2>${breakable(title)}</h2>${body}</section>
`;

export const listOf = (lines: readonly string[]): Markup =>
  markup`<ul>${lines.map((line) => markup`<li>${breakable(line)}</li>`)}</ul>`;

/** Returns a table that can be sorted by each column; a column without any value is left out. */
export function tableCard<T>(title: string, note: string, all: readonly Column<T>[], rows: readonly T[]): Markup {
  const columns = all.filter(({ cell }) => rows.length === 0 || rows.some((row) => cell(row) !== ""));
  const head = columns.map(({ head, look }) =>
    markup`<th scope="col" class="${look ? "l" : ""}"><button type="button">${breakable(head)}</button></th>`
  );
  const body = rows.map((row) =>
    markup`<tr>${columns.map((column) => cell(column, row))}</tr>
`
  );
  return textCard(
    title,
    markup`<p>${note}</p>${
      scroller(title, markup`<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`, "scroll tall")
    }`,
  );
}

/** A name of so many characters stands on one line of a cell. */
const SHORT = 28;

const LOOKS = { left: "l", bad: "l bad" };

function cell<T>({ cell, value, look }: Column<T>, row: T): Markup {
  const number = value?.(row) ?? null;
  const sorted = number === null ? null : markup` data-v="${number}"`;
  const text = cell(row);
  const looks = look ? markup` class="${LOOKS[look]}${text.length > SHORT ? " w" : ""}"` : null;
  return markup`<td${looks}${sorted}>${breakable(text)}</td>`;
}

/** Returns a figure as a file of its own: light colours on white. */
export function standaloneSvg({ svg }: Figure): string {
  const inside = markup`<style>${new Markup(SVG_STYLE)}</style><rect width="100%" height="100%" fill="#fff"/>`;
  return `${XML}\n${svg.text.replace("</desc>", (end) => end + inside.text)}\n`;
}

const XML = '<?xml version="1.0" encoding="UTF-8"?>';

/** Returns whether a file with this beginning was made by standaloneSvg(). */
export const isFigure = (head: string): boolean => head.startsWith(`${XML}\n<svg `);
