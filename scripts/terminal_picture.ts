/** Makes docs/terminal.svg: a run of 600 toys in a terminal, its bytes at the times at which they came. */
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ensureBinary } from "./building/ensure_binary.ts";
import { nextstatBin } from "./fetch_nextstat.ts";
import { makeInputs } from "./make_inputs.ts";
import { demoDir, root, runMain, runTool } from "./tools.ts";

const COMMAND = "nsfarm-deno run --config gauss_exp_10k.json --n-toys 600 --shards 40 --pulls --run-id validation";
const COLUMNS = 100;

/** A text in a row of the terminal, from one time to another, in seconds; undefined: it stays. */
interface Shown {
  row: number;
  text: string;
  from_s: number;
  to_s: number | undefined;
}

/** Bytes that a program wrote at once, so many seconds after it was started. */
interface Written {
  at_s: number;
  text: string;
}

/** Runs the command in a terminal of its own (script, util-linux) and returns what it wrote, with the folder renamed. */
async function record(folder: string): Promise<Written[]> {
  const [bytes, times] = [join(folder, "bytes"), join(folder, "times")];
  const path = `${dirname(await ensureBinary())}:${dirname(await nextstatBin())}:${Deno.env.get("PATH")}`;
  const command = `cd '${folder}'; stty cols ${COLUMNS} rows 24; PATH='${path}' exec ${COMMAND}`;
  const how = ["--quiet", "--return", "--log-out", bytes, "--log-timing", times, "--command", command];
  await runTool("script", how, { doing: "record a run in a terminal", next: "see what it printed" });
  const raw = await readFile(bytes);
  let at = raw.indexOf("\n") + 1; // a line of script's own is before the program's
  let at_s = 0;
  return (await readFile(times, "utf8")).trim().split("\n").map((line) => {
    const [delay_s = 0, size = 0] = line.split(" ").map(Number);
    at_s += delay_s;
    const text = raw.subarray(at, at += size).toString().replaceAll(folder, "/home/you/study");
    return { at_s, text };
  });
}

/** Returns what each row shows, and when. The program writes lines, and clears the line that it is on; no more. */
function replay(writes: readonly Written[]): Shown[] {
  const shown: Shown[] = [{ row: 0, text: `$ ${COMMAND}`, from_s: 0, to_s: undefined }];
  let [row, text] = [1, ""];
  const put = (at_s: number) => {
    const before = shown.findLast((one) => one.row === row && one.to_s === undefined);
    if (before?.text === text) return;
    if (before) before.to_s = at_s;
    if (text !== "") shown.push({ row, text, from_s: at_s, to_s: undefined });
  };
  for (const write of writes) {
    // deno-lint-ignore no-control-regex
    for (const part of write.text.match(/\r\n|\r\u001b\[K|[^\r]+/g) ?? []) {
      if (part === "\r\n") [row, text] = [row + 1, ""];
      else if (part === "\r\u001b[K") text = "";
      else {
        text += part;
        put(write.at_s);
      }
    }
  }
  return shown;
}

const SIZE = 13;
const ADVANCE = 7.8;
const LINE = 19;
const HOLD_S = 6;

const STYLE = `
.box{fill:#fff;stroke:#d0d7de}text{font:${SIZE}px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#1f2328;white-space:pre}
.typed{font-weight:600}.gone{visibility:hidden}
@media(prefers-color-scheme:dark){.box{fill:#0d1117;stroke:#3d444d}text{fill:#e6edf3}}`;

const escapeText = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** Returns the picture. Who wants no motion sees the end of the run. */
function draw(shown: readonly Shown[], end_s: number): string {
  const total_s = end_s + HOLD_S;
  const rows = Math.max(...shown.map(({ row }) => row)) + 1;
  const [width, height] = [Math.ceil(COLUMNS * ADVANCE) + 32, rows * LINE + 28];
  const percent = (at_s: number) => `${(100 * at_s / total_s).toFixed(2)}%`;
  const frames = shown.map(({ from_s, to_s }, i) => {
    const until = to_s === undefined ? "" : `${percent(to_s)}{visibility:hidden}`;
    return from_s === 0 && until === ""
      ? ""
      : `@keyframes k${i}{0%{visibility:hidden}${percent(from_s)}{visibility:visible}${until}}
#t${i}{animation:k${i} ${total_s.toFixed(1)}s step-end infinite}`;
  });
  const texts = shown.map(({ row, text, to_s }, i) => {
    const kind = row === 0 ? ` class="typed"` : to_s === undefined ? "" : ` class="gone"`;
    const place = `x="16" y="${row * LINE + 28}" textLength="${(text.length * ADVANCE).toFixed(1)}"`;
    return `<text id="t${i}"${kind} ${place} lengthAdjust="spacingAndGlyphs">${escapeText(text)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="t d">
<title id="t">nsfarm-deno run in a terminal</title>
<desc id="d">${escapeText(shown.filter(({ to_s }) => to_s === undefined).map(({ text }) => text).join("\n"))}</desc>
<style>${STYLE}
@media(prefers-reduced-motion:no-preference){
${frames.filter((frame) => frame !== "").join("\n")}
}</style>
<rect class="box" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8"/>
${texts.join("\n")}
</svg>
`;
}

async function main(): Promise<number> {
  const spec = await makeInputs(join(demoDir, "inputs"), "10k");
  const folder = await mkdtemp(join(tmpdir(), "study-"));
  try {
    for (const name of ["gauss_exp_10k.json", "observed.parquet"]) {
      await copyFile(join(dirname(spec), name), join(folder, name));
    }
    const writes = await record(folder);
    await writeFile(join(root, "docs", "terminal.svg"), draw(replay(writes), writes.at(-1)?.at_s ?? 0));
    return 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await runMain(main);
