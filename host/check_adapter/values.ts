import type { RenderedFile, SchedulerAdapter, SchedulerOption } from "../../schedulers/adapter.ts";
import { examplesFor } from "./rendered.ts";
import { exampleContext, type Paths } from "./example_run.ts";
import { type AdapterFinding, askOrRefuse, finding } from "./finding.ts";
import { readShell } from "./read_shell.ts";

/** What stands around a value's dangerous part, to find it again in a file. */
const [BEGIN, END] = ["zq7", "zq8"];

/** Parts of a path that mean something to a shell, a template, or a scheduler. */
const SIGNS = ["{{name}}", "$HOME", "$(id)", "`id`", "%j", "%%", "it's", 'a"b', "a b", "a\nb", "#", ";id", "\\x", "*"];

const PATHS: (keyof Paths)[] = ["run_dir", "config", "nextstat_bin", "nsfarm"];

/** Values are taken literally, or refused in words: nothing is ever run or filled in by them. */
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
    askOrRefuse("render", `with ${JSON.stringify(sign)} in a path`, () => {
      return adapter.render(exampleContext(adapter, { ...example, paths })).files;
    }, (files) => literalFindings(files, sign, `the ${name}`))
  );
}

/** Values that the option's own pattern refuses never come to an adapter. */
function isText({ type, pattern, choices }: SchedulerOption): boolean {
  return (type === "string" || type === "strings") && pattern === undefined && choices === undefined;
}

function optionFindings(adapter: SchedulerAdapter, { name, type }: SchedulerOption, sign: string): AdapterFinding[] {
  const value = `${BEGIN}${sign}${END}`;
  const options = { [name]: type === "strings" ? [value] : value };
  return askOrRefuse("render", `with ${JSON.stringify(sign)} in --${name}`, () => {
    return adapter.render(exampleContext(adapter, { options })).files;
  }, (files) => literalFindings(files, sign, `--${name}`));
}

function literalFindings(files: RenderedFile[], sign: string, what: string): AdapterFinding[] {
  return files.filter((file) => !holdsLiterally(file, sign)).map(({ path }) =>
    finding("render", `does not take ${JSON.stringify(sign)} in ${what} literally in "${path}", nor refuse it`)
  );
}

/** Whether the value, wherever it is in a file, is there as what it is. */
function holdsLiterally({ text }: RenderedFile, sign: string): boolean {
  if (!/^#!.*\bsh\b/.test(text)) return between(text).every((found) => encodings(sign).has(found));
  const { code, comments } = readShell(text);
  return between(code).every((found) => found === sign) &&
    comments.every((comment) => between(comment).every((found) => encodings(sign).has(found)));
}

/** What stands between the two marks; also what begins and does not end in one line of a comment. */
function between(text: string): string[] {
  return text.split(BEGIN).slice(1).map((rest) => rest.includes(END) ? rest.slice(0, rest.indexOf(END)) : "\n");
}

/** How files that no shell reads may write a value on one line: as it is, or with the signs of theirs escaped. */
function encodings(sign: string): Set<string> {
  if (sign.includes("\n")) return new Set();
  const dollar = sign.replaceAll("$", "$(DOLLAR)");
  return new Set([
    ...[sign, dollar, sign.replaceAll("%", "%%"), sign.replaceAll("$", "$$$$"), sign.replaceAll("\\", "\\\\")],
    ...[sign.replaceAll('"', '\\"'), sign.replaceAll('"', '""'), sign.replaceAll("'", "''")],
    ...[sign.replaceAll("'", `'\\''`), dollar.replaceAll("'", `'\\''`)],
  ]);
}
