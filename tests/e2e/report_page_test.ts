import axe from "axe-core";
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod/mini";
import { samplePages } from "../core/support/sample_pages.ts";
import { type OpenPage, type View, whyNoChromium, withPage } from "../support/browser.ts";
import { inFolder } from "../support/scratch.ts";

/** A desk, by day and by night, and the narrowest phone. */
const SCREENS: View[] = [
  { width: 1160, scheme: "light", media: "screen" },
  { width: 1160, scheme: "dark", media: "screen" },
  { width: 360, scheme: "light", media: "screen" },
];
/** A4 less margins of 10 mm, at 96 pixels an inch. */
const PAPER: View = { width: 718, scheme: "light", media: "print" };

const pages = samplePages();

/** Opens each sample page in each view; left out where there is no browser. */
function pagesTest(
  name: string,
  views: View[],
  work: (page: OpenPage, where: string) => Promise<void>,
  names = Object.keys(pages),
): void {
  const ignore = whyNoChromium !== "";
  const fn = () =>
    inFolder(async (folder) => {
      const path = (page: string) => join(folder, `${page}.html`);
      for (const [page, text] of Object.entries(pages)) await writeFile(path(page), text);
      await withPage(path("whole_run"), folder, async (open) => {
        for (const page of names) {
          await open.show(path(page));
          for (const view of views) {
            await open.view(view);
            await work(open, `${page}, ${view.width} pixels, ${view.scheme}, ${view.media}`);
          }
        }
      });
    });
  Deno.test({ name: ignore ? `${name} (left out: ${whyNoChromium})` : name, ignore, fn });
}

const Findings = z.object({ passes: z.int(), violations: z.array(z.string()) });

/** Shows all there is, and names each element that axe-core finds fault with, and by which rule. */
const AXE = `${axe.source}
for (const one of document.querySelectorAll("details")) one.open = true;
axe.run(document, { resultTypes: ["violations", "passes"] }).then(({ violations, passes }) => ({
  passes: passes.length,
  violations: violations.flatMap(({ id, nodes }) => nodes.map((node) => id + ": " + node.html.slice(0, 200) + " " + node.failureSummary)),
}))`;

pagesTest("axe-core finds nothing in any report, by day, by night and on a phone", SCREENS, async (page, where) => {
  const { passes, violations } = Findings.parse(await page.evaluate(AXE));
  assert.deepEqual(violations, [], where);
  assert(passes > 15, `axe-core looked at ${passes} rules only in ${where}`);
}, ["whole_run", "broken_run", "sweep_with_repeats"]);

/** Elements that are wider than they have room for; tables and figures may scroll in their own frame on a screen. */
const TOO_WIDE =
  `[...document.querySelectorAll("html, main, header, h1, .lead, .tile, .tile b, .card, .scroll, li, code")]
  .filter((one) => one.getClientRects().length > 0)
  .filter((one) => !(one.matches(".scroll") && getComputedStyle(one).overflowX === "auto"))
  .map((one) => [one, getComputedStyle(one).display === "inline" ? one.parentElement : one])
  .filter(([one, box]) => box.scrollWidth > box.clientWidth)
  .map(([one, box]) => one.outerHTML.slice(0, 120) + " " + box.scrollWidth + " > " + box.clientWidth)`;

pagesTest(
  "nothing overflows, at a desk, on a phone of 360 pixels, nor on A4",
  [...SCREENS, PAPER],
  async (page, where) => {
    assert.deepEqual(await page.evaluate(TOO_WIDE), [], where);
  },
);

/** Words (parts of long names after an underscore, slash, dot or dash count as such) that stand on two lines. */
const BROKEN_WORDS = `(() => {
  const broken = [];
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode;
    if (text.parentElement.closest("svg, details")) continue;
    for (const { 0: word, index } of text.data.matchAll(/[^\\s_/.-]+[_/.-]?/g)) {
      const range = document.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      if (new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1) broken.push(word);
    }
  }
  return broken;
})()`;

pagesTest("no name is broken inside a word", [...SCREENS, PAPER], async (page, where) => {
  assert.deepEqual(await page.evaluate(BROKEN_WORDS), [], where);
});

/** Heights of the tiles, and of the cards, that begin at the same height of the page. */
const UNEQUAL = `[".tile", ".card"].flatMap((kind) =>
  [...Map.groupBy([...document.querySelectorAll(kind)].map((one) => one.getBoundingClientRect()), ({ top }) => top).values()]
    .map((row) => row.map(({ height }) => Math.round(height))).filter((row) => new Set(row).size > 1))`;

pagesTest("tiles and cards in a row are equally high", [...SCREENS, PAPER], async (page, where) => {
  assert.deepEqual(await page.evaluate(UNEQUAL), [], where);
});

/** Figures without a title or a description, and marks with a detail that no table of the page has for the keyboard. */
const UNDESCRIBED = `[...document.querySelectorAll("svg")].filter((svg) =>
  svg.getAttribute("role") !== "img" ||
  ["labelledby", "describedby"].some((kind) => !document.getElementById(svg.getAttribute("aria-" + kind))?.textContent)
).map((svg) => svg.outerHTML.slice(0, 200))`;

/** Opens what the keyboard can open, by the keys of the keyboard's user. */
const UNREACHABLE = `[...document.querySelectorAll("[data-figure]")].filter((card) => {
  const summary = card.querySelector("summary");
  summary?.focus();
  if (summary && document.activeElement !== summary) return true;
  summary?.click();
  const rows = card.querySelectorAll("details[open] tbody tr").length;
  return rows === 0 && card.dataset.figure !== "gantt";
}).map((card) => card.dataset.figure)`;

pagesTest(
  "each figure has a title, a description and its numbers in reach of the keyboard",
  SCREENS.slice(0, 1),
  async (page, where) => {
    assert.deepEqual(await page.evaluate(UNDESCRIBED), [], where);
    assert.deepEqual(await page.evaluate(UNREACHABLE), [], where);
  },
);

const HEIGHT = `document.documentElement.scrollHeight`;

/** Width and height of a PNG, which lie at a fixed place of its header. */
const sizeOf = (png: Uint8Array) => [16, 20].map((at) => new DataView(png.buffer, png.byteOffset).getUint32(at));

pagesTest("a picture shows the whole page, and each one the same", SCREENS.slice(2), async (page, where) => {
  const [first, second] = [await page.picture(), await page.picture()];
  assert.deepEqual(sizeOf(first), [360, await page.evaluate(HEIGHT)], where);
  assert.deepEqual(first, second, where);
  assert.deepEqual(sizeOf(await page.picture(500)), [360, 500]);
}, ["whole_run"]);
