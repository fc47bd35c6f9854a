import { FarmError } from "../../../core/errors.ts";
import type { Chunk, Rendered, RenderedFile, SchedulerAdapter, SchedulerOption } from "../../../schedulers/adapter.ts";
import { type AdapterFinding, callAndCheck, type Example, exampleContext, finding, type Paths } from "./cases.ts";

/** Numbers of shards: one, some, and more than any default limit. */
const SIZES = [1, 40, 10_001];

/** Returns examples for every way in which an adapter may have to render. */
function examplesFor({ limits }: SchedulerAdapter): Example[] {
  const modes = limits.file_transfer ? ["shared", "transfer"] as const : ["shared"] as const;
  return modes.flatMap((mode) => (["binary", "sh"] as const).map((wrapper) => ({ farm: { mode, wrapper } })));
}

/** Returns the faults of an adapter's rendered jobs. */
export function renderFindings(adapter: SchedulerAdapter): AdapterFinding[] {
  return [
    ...SIZES.flatMap((shards) => oneRender(adapter, { shards }, `for ${shards} shards`)),
    ...examplesFor(adapter).flatMap((one) => oneRender(adapter, one, `with --mode ${one.farm?.mode}`)),
  ];
}

function oneRender(adapter: SchedulerAdapter, example: Example, doing: string): AdapterFinding[] {
  const context = exampleContext(adapter, example);
  const before = JSON.stringify(context);
  return callAndCheck("render", doing, () => adapter.render(context), (rendered) => [
    ...filesFindings("render", rendered.files),
    ...chunksFindings(rendered.chunks, context.shards, doing),
    ...byHandFindings(adapter, rendered),
    ...(JSON.stringify(context) === before ? [] : [finding("render", "changes what it was given")]),
    ...callAndCheck(
      "render",
      "the second time",
      () => adapter.render(context),
      (again) =>
        JSON.stringify(again) === JSON.stringify(rendered) ? [] : [
          finding("render", "returns something else the second time; wanted the same for the same run"),
        ],
    ),
  ]);
}

/** Returns the faults of the files that an adapter wants written. */
export function filesFindings(member: string, files: RenderedFile[]): AdapterFinding[] {
  const paths = files.map(({ path }) => path);
  const twice = paths.filter((path, i) => paths.indexOf(path) !== i);
  return [
    ...twice.map((path) => finding(member, `writes "${path}" twice`)),
    ...files.filter(({ text }) => /\{\{[#^/]?[\w.]+\}\}/.test(text))
      .map(({ path }) => finding(member, `leaves a tag of a template in "${path}"`)),
  ];
}

/** Checks that every shard is in one task of one chunk. */
function chunksFindings(chunks: Chunk[], shards: number[], doing: string): AdapterFinding[] {
  const given = chunks.flatMap((chunk) => chunk.shards).sort((a, b) => a - b);
  const once = given.length === shards.length && given.every((shard, i) => shard === shards[i]);
  return [
    ...(once ? [] : [finding("render", `does not put each shard into one chunk ${doing}`)]),
    ...chunks.flatMap(({ index }, i) => index === i ? [] : [finding("render", `numbers chunk ${i} as ${index}`)]),
  ];
}

function byHandFindings({ programs }: SchedulerAdapter, { by_hand }: Rendered): AdapterFinding[] {
  return by_hand.filter(([program = ""]) => !programs.includes(program))
    .map(([program]) => finding("render", `names "${program}" to type by hand, which is not among its programs`));
}

/** A script as its shell reads it: without quotes, and with a mark at each active sign. */
interface ShellText {
  /** The text without comments; a null byte follows each sign that is active in the shell: it equals no value. */
  code: string;
  comments: string[];
}

/** Signs with a meaning outside of quotes, and inside double quotes (POSIX.1-2017, 2.2). */
const ALIVE = new Set("|&;<>()$`*?[\n ");
const ALIVE_IN_DOUBLE = new Set("$`");

/** Reads a POSIX script's quotes and comments; here-documents are read like code. */
export function readShell(text: string): ShellText {
  const comments: string[] = [];
  let code = "";
  let quote: "'" | '"' | null = null;
  for (let i = 0; i < text.length; i++) {
    const sign = text[i] ?? "";
    if (quote === "'") {
      if (sign === "'") quote = null;
      else code += sign;
    } else if (sign === "\\") {
      code += takeBackslash(text[++i] ?? "", quote);
    } else if (sign === '"') {
      quote = quote === '"' ? null : '"';
    } else if (sign === "'" && quote === null) {
      quote = "'";
    } else if (sign === "#" && quote === null && /(^|[\s;&|(])$/.test(text.slice(Math.max(0, i - 1), i))) {
      const end = text.indexOf("\n", i);
      comments.push(text.slice(i, end < 0 ? undefined : end));
      i = (end < 0 ? text.length : end) - 1;
    } else code += (quote === '"' ? ALIVE_IN_DOUBLE : ALIVE).has(sign) ? `${sign}\0` : sign;
  }
  return { code, comments };
}

/** Returns the text of a backslash: inside double quotes it is literal except before these signs (2.2.3). */
function takeBackslash(next: string, quote: '"' | null): string {
  if (next === "\n") return "";
  return quote === '"' && !'$`"\\'.includes(next) ? `\\${next}` : next;
}

/** Marks around the dangerous part of a value, to find it again in a file. */
const [BEGIN, END] = ["zq7", "zq8"];

/** Parts of a path with a meaning to a shell, a template, or a scheduler. */
const SIGNS = ["{{name}}", "$HOME", "$(id)", "`id`", "%j", "%%", "it's", 'a"b', "a b", "a\nb", "#", ";id", "\\x", "*"];

const PATHS: (keyof Paths)[] = ["run_dir", "config", "nextstat_bin", "nsfarm"];

/** Checks that values are used literally or refused: none is ever executed or expanded. */
export function valueFindings(adapter: SchedulerAdapter): AdapterFinding[] {
  return [
    ...PATHS.flatMap((name) => SIGNS.flatMap((sign) => pathFindings(adapter, name, sign))),
    ...adapter.options.filter(isText).flatMap((option) =>
      ["a\nb", "{{name}}"].flatMap((sign) => optionFindings(adapter, option, sign))
    ),
  ];
}

function pathFindings(adapter: SchedulerAdapter, name: keyof Paths, sign: string): AdapterFinding[] {
  const paths = { [name]: `/shared/${BEGIN}${sign}${END}/x` };
  return examplesFor(adapter).flatMap((example) =>
    signFindings(adapter, { ...example, paths }, sign, { place: "a path", what: `the ${name}` })
  );
}

/** Whether an option accepts such values; those that its pattern refuses never reach an adapter. */
function isText({ type, pattern, choices }: SchedulerOption): boolean {
  return (type === "string" || type === "strings") && pattern === undefined && choices === undefined;
}

function optionFindings(adapter: SchedulerAdapter, { name, type }: SchedulerOption, sign: string): AdapterFinding[] {
  const value = `${BEGIN}${sign}${END}`;
  const options = { [name]: type === "strings" ? [value] : value };
  return signFindings(adapter, { options }, sign, { place: `--${name}`, what: `--${name}` });
}

/** @param words where the sign is, and in which of the example's values */
function signFindings(
  adapter: SchedulerAdapter,
  example: Example,
  sign: string,
  { place, what }: { place: string; what: string },
): AdapterFinding[] {
  const files = () => filesUnlessRefused(adapter, example);
  const doing = `with ${JSON.stringify(sign)} in ${place}`;
  return callAndCheck("render", doing, files, (found) => literalFindings(found, sign, what));
}

/** Returns the files of an example; none where they are refused in words for the user. */
function filesUnlessRefused(adapter: SchedulerAdapter, example: Example): RenderedFile[] {
  try {
    return adapter.render(exampleContext(adapter, example)).files;
  } catch (error) {
    if (error instanceof FarmError && error.kind === "usage") return [];
    throw error;
  }
}

function literalFindings(files: RenderedFile[], sign: string, what: string): AdapterFinding[] {
  return files.filter((file) => !holdsLiterally(file, sign)).map(({ path }) =>
    finding("render", `does not take ${JSON.stringify(sign)} in ${what} literally in "${path}", nor refuse it`)
  );
}

/** Whether a file holds the value literally wherever it occurs. */
function holdsLiterally({ text }: RenderedFile, sign: string): boolean {
  if (!/^#!.*\bsh\b/.test(text)) return between(text).every((found) => encodings(sign).has(found));
  const { code, comments } = readShell(text);
  return between(code).every((found) => found === sign) &&
    comments.every((comment) => between(comment).every((found) => encodings(sign).has(found)));
}

/** Returns the texts between the two marks; also a value cut at the end of a comment line. */
function between(text: string): string[] {
  return text.split(BEGIN).slice(1).map((rest) => rest.includes(END) ? rest.slice(0, rest.indexOf(END)) : "\n");
}

/** Returns the accepted one-line forms of a value in files that no shell reads: literal, or with escaped signs. */
function encodings(sign: string): Set<string> {
  if (sign.includes("\n")) return new Set();
  const dollar = sign.replaceAll("$", "$(DOLLAR)");
  return new Set([
    ...[sign, dollar, sign.replaceAll("%", "%%"), sign.replaceAll("$", "$$$$"), sign.replaceAll("\\", "\\\\")],
    ...[sign.replaceAll('"', '\\"'), sign.replaceAll('"', '""'), sign.replaceAll("'", "''")],
    ...[sign.replaceAll("'", `'\\''`), dollar.replaceAll("'", `'\\''`)],
  ]);
}
