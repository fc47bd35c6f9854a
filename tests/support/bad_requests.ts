import assert from "node:assert/strict";
import { chmod, copyFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inputs, type Where } from "./farm.ts";

/** A request that must be refused. */
export interface Bad {
  what: string;
  /** Added to (or in place of) the options of a good request. */
  options?: Record<string, string>;
  /** Options of a good request that are left out. */
  without?: string[];
  more?: string[];
  where?: (folder: string) => Where;
  /** Makes what the options name, in the folder. */
  make?: (folder: string) => Promise<unknown>;
  code: number;
  line: RegExp;
  hint?: RegExp;
}

/** $F in an option is the test's folder. */
export const BAD_REQUESTS: Bad[] = [
  {
    what: "no spec",
    options: { config: "$F/none.json" },
    code: 3,
    line: /Cannot read the spec ".*\/none\.json": it is not there/,
  },
  { what: "a folder as spec", options: { config: "$F" }, code: 3, line: /Cannot read the spec ".*": it is no file/ },
  {
    what: "a FIFO as spec",
    options: { config: "$F/pipe.json" },
    make: (folder) => new Deno.Command("mkfifo", { args: [join(folder, "pipe.json")] }).output(),
    ...{ code: 3, line: /Cannot read the spec ".*pipe\.json": it is no file/ },
  },
  {
    what: "a program as spec",
    options: { config: "$F/program" },
    make: (folder) => copyFile("/bin/true", join(folder, "program")),
    ...{ code: 3, line: /Cannot read the spec ".*program": it is no text in UTF-8/ },
  },
  {
    what: "an empty spec",
    options: { config: "$F/empty.json" },
    make: (folder) => writeFile(join(folder, "empty.json"), ""),
    ...{ code: 3, line: /Cannot read the spec ".*empty\.json": / },
  },
  {
    what: "half a spec",
    options: { config: "$F/half.json" },
    make: (folder) => writeFile(join(folder, "half.json"), '{"channels": ['),
    ...{ code: 3, line: /Cannot read the spec ".*half\.json": .*JSON/, hint: /Correct the spec/ },
  },
  {
    what: "a spec nested 100,000 deep",
    options: { config: "$F/deep.json" },
    make: (folder) => writeFile(join(folder, "deep.json"), "[".repeat(100_000) + "]".repeat(100_000)),
    ...{ code: 3, line: /Cannot read the spec ".*deep\.json": .*nested deeper/ },
  },
  {
    what: "a YAML spec that grows without bound",
    options: { config: "$F/bomb.yaml" },
    make: (folder) => writeFile(join(folder, "bomb.yaml"), bomb()),
    ...{ code: 3, line: /Cannot read the spec ".*bomb\.yaml": .*alias/ },
  },
  {
    what: "a spec of 300 MB",
    options: { config: "$F/huge.json" },
    make: async (folder) => {
      await writeFile(join(folder, "huge.json"), "{}");
      await truncate(join(folder, "huge.json"), 300e6);
    },
    ...{ code: 3, line: /Cannot read the spec ".*huge\.json": it has 300000000 bytes, more than/ },
  },
  {
    what: "a spec whose data file is missing",
    options: { config: "$F/gauss_exp_10k.json" },
    make: (folder) => copyFile(join(inputs(), "gauss_exp_10k.json"), join(folder, "gauss_exp_10k.json")),
    ...{
      code: 3,
      line: /Cannot read ".*\/observed\.parquet", which the spec ".*" names: it is not there/,
      hint: /beside the spec/,
    },
  },
  {
    what: "a spec that nextstat refuses",
    options: { config: "$F/badpoi.json" },
    make: (folder) => editSpec(folder, "badpoi.json", (text) => text.replace(/"poi": *"mu"/, '"poi": "nope"')),
    ...{ code: 3, line: /nextstat refuses the spec ".*badpoi\.json": .*unknown POI parameter name: 'nope'/ },
  },
  {
    what: "a parameter that the spec does not have",
    more: ["--set", "nope=1"],
    ...{ code: 3, line: /nextstat refuses the spec .*: .*unknown parameter name in --set: 'nope'/ },
  },
  {
    what: "no nextstat there",
    options: { "nextstat-bin": "$F/none" },
    code: 3,
    line: /Cannot run nextstat ".*\/none": it is not there/,
  },
  {
    what: "a folder as nextstat",
    options: { "nextstat-bin": "$F" },
    code: 3,
    line: /Cannot run nextstat ".*": it is no file/,
  },
  {
    what: "a nextstat that is not executable",
    options: { "nextstat-bin": "$F/plain" },
    make: (folder) => writeFile(join(folder, "plain"), "#!/bin/sh\n").then(() => chmod(join(folder, "plain"), 0o644)),
    ...{ code: 3, line: /Cannot run nextstat ".*\/plain": it is not executable/, hint: /--nextstat-bin/ },
  },
  {
    what: "another program as nextstat",
    options: { "nextstat-bin": "/bin/cat" },
    ...{ code: 3, line: /"\/bin\/cat --version" did not answer like nextstat/, hint: /--nextstat-bin/ },
  },
  {
    what: "no nextstat named, and none on PATH",
    without: ["nextstat-bin"],
    where: () => ({ env: { PATH: "/nowhere" } }),
    ...{
      code: 2,
      line: /Cannot find nextstat: it is neither beside nsfarm-deno nor on PATH/,
      hint: /pip install nextstat-cli.*--nextstat-bin/,
    },
  },
  ...["0", "-5", "1.5", "abc", "1e3", "0x10", "NaN"].map((text): Bad => ({
    what: `${text} toys`,
    options: { "n-toys": text },
    ...{ code: 2, line: new RegExp(`--n-toys.*"?${text}"?.*`), hint: /.*/ },
  })),
  ...["0", "-1", "2.5", "many"].map((text): Bad => ({
    what: `${text} shards`,
    options: { shards: text },
    ...{ code: 2, line: new RegExp(`--shards.*"?${text}"?.*`) },
  })),
  ...["slurm", "htcondor"].map((scheduler): Bad => ({
    what: `no number of shards for ${scheduler}`,
    ...{ options: { scheduler }, without: ["shards"] },
    ...{ code: 2, line: /without --shards/, hint: new RegExp(`preflight --scheduler ${scheduler} suggests a number`) },
  })),
  {
    what: "a parameter that the spec does not have",
    options: { set: "nosuch=3" },
    where: () => ({ env: { RUST_BACKTRACE: "1" } }),
    ...{ code: 3, line: /nextstat refuses the spec ".*": unknown parameter name in --set: 'nosuch'$/ },
  },
  {
    what: "more shards than toys",
    options: { shards: "9" },
    code: 2,
    line: /Cannot split 8 toys into 9 shards/,
    hint: /--shards 8 or fewer/,
  },
  {
    what: "a seed of 2^53",
    options: { seed: "9007199254740992" },
    code: 2,
    line: /--seed "9007199254740992".*below 2\^53/,
  },
  {
    what: "a seed whose last toy is beyond 2^53",
    options: { seed: "9007199254740990" },
    code: 2,
    line: /--seed 9007199254740990.*below 2\^53/,
  },
  { what: "a seed that is no number", options: { seed: "lucky" }, code: 2, line: /--seed "lucky"/ },
  {
    what: "an unknown scheduler",
    options: { scheduler: "lcoal" },
    code: 2,
    line: /Cannot use --scheduler "lcoal": known are local/,
    hint: /Did you mean "local"\?/,
  },
  {
    what: "a scheduler of the language",
    options: { scheduler: "constructor" },
    code: 2,
    line: /Cannot use --scheduler "constructor"/,
  },
  {
    what: "a mistyped option",
    more: ["--shrads", "4"],
    code: 2,
    line: /unknown option '--shrads'/,
    hint: /Did you mean --shards/,
  },
  { what: "an option without its value", more: ["--seed"], code: 2, line: /--seed.*argument missing/ },
  { what: "a word too many", more: ["surplus"], code: 2, line: /too many arguments/ },
  { what: "a run id that is a path", options: { "run-id": "../r" }, code: 2, line: /Cannot use --run-id "\.\.\/r"/ },
  { what: "a run id with a line break", options: { "run-id": "a\nb" }, code: 2, line: /Cannot use --run-id "a\\nb"/ },
  { what: "a run id of 65 letters", options: { "run-id": "a".repeat(65) }, code: 2, line: /Cannot use --run-id "a+"/ },
  {
    what: "a path with a line break",
    options: { "out-dir": "$F/a\nb" },
    code: 2,
    line: /Cannot use --out-dir ".*a\\nb"/,
  },
  { what: "an empty path", options: { config: "" }, code: 2, line: /Cannot use --config ""/ },
  { what: "--set without a number", more: ["--set", "mu=x"], code: 2, line: /Cannot use --set mu "x"/ },
  {
    what: "--set twice for one parameter",
    more: ["--set", "mu=1", "--set", "mu=2"],
    code: 2,
    line: /Cannot use --set twice for "mu"/,
  },
  { what: "--gen of no kind", more: ["--gen", "best"], code: 2, line: /Cannot use --gen "best": wanted init, mle/ },
  {
    what: "a range that is none",
    more: ["--poi-pull-std-range", "2", "1"],
    code: 2,
    line: /Cannot use --poi-pull-std-range "2 1": wanted two numbers, LO HI, the smaller one first/,
  },
  { what: "no slots", more: ["--local-slots", "0"], code: 2, line: /Cannot use --local-slots "0"/ },
  { what: "a time of no form", more: ["--local-time", "soon"], code: 2, line: /Cannot use --local-time "soon"/ },
  {
    what: "a file as --out-dir",
    options: { "out-dir": "$F/file" },
    make: (folder) => writeFile(join(folder, "file"), ""),
    ...{ code: 3, line: /Cannot write ".*\/file.*": / },
  },
];

function bomb(): string {
  const lines = Array.from(
    { length: 30 },
    (_, i) => `a${i}: &a${i} [${Array(9).fill(i === 0 ? "x" : `*a${i - 1}`).join(",")}]`,
  );
  return lines.join("\n");
}

async function editSpec(folder: string, name: string, edit: (text: string) => string): Promise<void> {
  const text = await Deno.readTextFile(join(inputs(), "gauss_exp_10k.json"));
  assert.notEqual(edit(text), text);
  await copyFile(join(inputs(), "observed.parquet"), join(folder, "observed.parquet"));
  await writeFile(join(folder, name), edit(text));
}
