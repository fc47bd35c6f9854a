import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { SHARD_STATES } from "../../core/schema/enums.ts";
import { BEAT_INTERVAL_S } from "../../runtime/worker/heartbeats.ts";
import { root } from "../../scripts/tools.ts";
import { commandsOf, withoutChanging, withPrinted } from "../support/page_commands.ts";
import { parseCommandLine } from "../commands/support/parse_command_line.ts";

const SKIPPED = new Set(["node_modules", "dist", "coverage"]);

/** All Markdown pages of the repository. */
function pagesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) || entry.name.startsWith(".") ? [] : pagesIn(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

const pages = pagesIn(root);
const FENCE = /^ {0,3}```(\w*)\n([\s\S]*?)^ {0,3}```$/gm;
const withoutCode = (text: string) => text.replaceAll(FENCE, "").replaceAll(/`[^`\n]*`/g, "");

/** The anchors of a page's heads, as code hosts make them. */
function anchorsOf(text: string): Set<string> {
  const heads = [...text.replaceAll(FENCE, "").matchAll(/^#{1,6} (.+)$/gm)].map(([, head = ""]) => head);
  return new Set(
    heads.map((head) => head.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").trim().replaceAll(" ", "-")),
  );
}

/** The links of a page that lead nowhere: to no file, or to no head of it. Addresses of the web are not looked at. */
function deadLinks(page: string, text: string): string[] {
  const links = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = ""]) => to);
  return links.filter((to) => !/^[a-z]+:/.test(to)).filter((to) => {
    const [path = "", anchor] = to.split("#");
    const file = path === "" ? page : join(dirname(page), path);
    if (path !== "" && !existsSync(file)) return true;
    return anchor !== undefined && !anchorsOf(path === "" ? text : readFileSync(file, "utf8")).has(anchor);
  }).map((to) => `${relative(root, page)}: ${to}`);
}

Deno.test("Every link and anchor of every page leads somewhere", () => {
  assert.ok(pages.length > 20, `only ${pages.length} pages were found: this test has gone blind`);
  assert.deepEqual(pages.flatMap((page) => deadLinks(page, readFileSync(page, "utf8"))), []);
});

/** The references of a source to a head of a page: its file in quotes or not, a comma, the head in quotes. */
function deadReferences(path: string, code: string): string[] {
  const found = [...code.matchAll(/\(([\w./-]+\.md), "([^"]+)"\)/g)];
  return found.filter(([, page = "", head = ""]) => {
    const file = join(root, page);
    return !existsSync(file) || !readFileSync(file, "utf8").includes(`\n## ${head}\n`);
  }).map(([reference]) => `${path}: ${reference}`);
}

Deno.test("A comment that names a head of a page names one that is there", () => {
  const files = ["core", "runtime", "schedulers", "commands", "scripts", "tests"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name))
  ).filter((path) => path.endsWith(".ts"));
  assert.deepEqual(files.flatMap((path) => deadReferences(path, readFileSync(join(root, path), "utf8"))), []);
  assert.deepEqual(deadReferences("a.ts", "// (docs/promises.md, " + '"Merge"), (design.md, ' + '"Rooms")'), [
    "a.ts: (design.md, " + '"Rooms")',
  ]);
});

Deno.test("A dead link and a dead anchor would be seen", () => {
  const page = join(root, "docs", "README.md");
  const text =
    "# A head: it\n[a](#a-head-it) [b](#b) [c](none.md) [d](vocabulary.md#times) [e](vocabulary.md#x)\n`[f](f)`";
  assert.deepEqual(deadLinks(page, text), [
    "docs/README.md: #b",
    "docs/README.md: none.md",
    "docs/README.md: vocabulary.md#x",
  ]);
});

Deno.test("Each page of docs/ is in the index", () => {
  const folder = join(root, "docs");
  const index = readFileSync(join(folder, "README.md"), "utf8");
  const named = pagesIn(folder).map((page) => relative(folder, page)).filter((page) => page !== "README.md");
  assert.deepEqual(named.filter((page) => !index.includes(`](${page})`)), []);
});

Deno.test("The vocabulary has one line for each word, and each state of a shard among them; adapters may say each state", () => {
  const text = readFileSync(join(root, "docs", "vocabulary.md"), "utf8");
  const words = [...text.matchAll(/^\| ([\w -]+?) +\|/gm)].map(([, word = ""]) => word).filter((word) =>
    !/^-+$/.test(word)
  );
  const terms = words.filter((word) => word !== "word" && word !== "state");
  assert.ok(terms.length > 50);
  assert.deepEqual(terms.filter((word, i) => terms.indexOf(word) !== i), []);
  assert.deepEqual(SHARD_STATES.filter((state) => !terms.includes(state)), []);
  const adapters = readFileSync(join(root, "docs", "writing-an-adapter.md"), "utf8");
  const listed = /^## States\n\n([^.]*)\./m.exec(adapters)?.[1] ?? "";
  assert.deepEqual([...listed.matchAll(/`(\w+)`/g)].map(([, state]) => state), [...SHARD_STATES]);
});

Deno.test("The guide of pilots states the default of --heartbeat-s", () => {
  const guide = readFileSync(join(root, "docs", "guides", "pilots.md"), "utf8");
  assert.match(guide, new RegExp(`--heartbeat-s\` \\(default ${BEAT_INTERVAL_S} s\\)`));
});

/** Command lines of the program in the fenced blocks of a page; a backslash continues a line. */
function commandLinesOf(text: string): string[] {
  const typed = [...text.matchAll(FENCE)].flatMap(([, language, block = ""]) =>
    language === "console" ? commandsOf(`\`\`\`console\n${block}\`\`\``).map(({ line }) => line) : [block]
  );
  return typed.flatMap((block) => block.replaceAll(/\\\n\s*/g, " ").split("\n")).map((line) => line.trim()).filter((
    line,
  ) => line.startsWith("nsfarm-deno "));
}

Deno.test("The program accepts every command line in a fenced block of a page", async () => {
  const lines = pages.filter((page) => !page.endsWith("CHANGELOG.md")).flatMap((page) =>
    commandLinesOf(readFileSync(page, "utf8")).map((line) => ({ page: relative(root, page), line }))
  );
  assert.ok(lines.length > 30, `only ${lines.length} lines were found: this test has gone blind`);
  const refused: string[] = [];
  for (const { page, line } of lines) {
    // The reader's own program of --on-end, which must exist.
    const existing = line.replace("./notify.sh", "true");
    await parseCommandLine(existing).catch((error: unknown) => refused.push(`${page}: ${line}: ${error}`));
  }
  assert.deepEqual(refused, []);
});

Deno.test("Rewriting a page with the output that it shows changes nothing", () => {
  const page = readFileSync(join(root, "docs", "tutorial.md"), "utf8");
  assert.equal(withPrinted(page, commandsOf(page).map(({ printed }) => printed)), page);
});

Deno.test("The comparison of a page's output ignores only what changes from day to day", () => {
  const text = "slurm job 7: 12 shards in 2 min 3 s, 4.5 toys/s (12 %) on n1; mean 1.003, 2 shards, exit 3";
  assert.equal(
    withoutChanging(text),
    "slurm job ID: 12 shards in TIME, RATE (RATIO) on HOST; mean 1.003, 2 shards, exit 3",
  );
});

Deno.test("The README fits on one screen of text, its pictures are there and small", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  assert.ok(readme.split("\n").length < 70);
  for (const [name, most] of [["report.png", 200_000], ["terminal.svg", 60_000]] as const) {
    assert.ok(readme.includes(`](docs/${name})`));
    assert.ok(statSync(join(root, "docs", name)).size < most);
  }
});

Deno.test("The picture of the terminal has a title and a description, loads no other file, and respects reduced motion", () => {
  const svg = readFileSync(join(root, "docs", "terminal.svg"), "utf8");
  assert.match(svg, /<title id="t">.+<\/title>\n<desc id="d">\$ nsfarm-deno run [^]*merged\.out\.json[^]*<\/desc>/);
  assert.doesNotMatch(svg.replace('xmlns="http://www.w3.org/2000/svg"', ""), /https?:|url\(|@import|href|<script/);
  assert.ok(svg.indexOf("prefers-reduced-motion:no-preference") < svg.indexOf("@keyframes"));
});
