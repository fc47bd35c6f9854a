import fc from "fast-check";
import assert from "node:assert/strict";
import {
  filenamePattern,
  readFreeLines,
  sbatchFlag,
  sbatchLine,
  SLURM_OPTIONS,
} from "../../../schedulers/slurm/options.ts";

/** How sbatch reads one argument of a line: get_argument() in its opt.c, as far as our lines go. */
function readBySbatch(line: string): string {
  let [out, quote, escaped] = ["", "", false];
  for (const char of line) {
    if (escaped) [out, escaped] = [out + char, false];
    else if (char === "\\") escaped = true;
    else if (quote !== "" && char === quote) quote = "";
    else if (quote === "" && (char === '"' || char === "'")) quote = char;
    else if (quote === "" && (char === "#" || /\s/.test(char))) break;
    else out += char;
  }
  return out;
}

Deno.test("sbatch reads back any value that sbatchLine() wrote", () => {
  fc.assert(fc.property(fc.string().filter((text) => !/[\r\n\0]/.test(text)), (value) => {
    assert.equal(readBySbatch(sbatchLine(`--comment=${value}`)), `--comment=${value}`);
  }));
});

Deno.test("a percent sign in a path is doubled, so that Slurm does not replace it", () => {
  assert.equal(filenamePattern("/a/%j/100%"), "/a/%%j/100%%");
});

Deno.test("free lines are accepted in their long form, with or without #SBATCH, without doubling their quotes", () => {
  assert.deepEqual(
    readFreeLines(["--nice=100", "#SBATCH --licenses=a:2", "--exclusive", '--wckey "x y"', "--mem-per-cpu=2G"]),
    ["--nice=100", "--licenses=a:2", "--exclusive", "--wckey=x y", "--mem-per-cpu=2G"],
  );
});

Deno.test("two options in one free line stay one value, which sbatch refuses", () => {
  assert.deepEqual(readFreeLines(["--nice=1 --array=0-9"]), ["--nice=1 --array=0-9"]);
  assert.equal(sbatchLine("--nice=1 --array=0-9"), '--nice="1 --array=0-9"');
});

const owned = [
  "--array=0-3",
  "--arr=0-3",
  "--job-name=x",
  "--comment=x",
  "--output=x",
  "--err=x",
  "--requeue",
  "--export=ALL",
  "--exp=ALL",
  "--chdir=/",
  "--dependency=afterok:1",
  "--ntasks=4",
  "--nodes=2",
  "--clusters=a",
  "--wrap=id",
  "--hold",
  ...SLURM_OPTIONS.flatMap((option) => sbatchFlag(option) ?? []).map((flag) => `--${flag}=1`),
];
for (const line of owned) {
  Deno.test(`the free line ${line} is refused, with the option to use instead`, () => {
    assert.throws(() => readFreeLines([line]), (error: Error & { next?: string }) => {
      assert.match(error.message, /nsfarm-deno sets --[a-z-]+ itself/);
      return /^Use /.test(error.next ?? "");
    });
  });
}

for (const line of ["-p main", "nice=1", "--", "id", "--Nice=1", ""]) {
  Deno.test(`the free line "${line}" is refused for its form`, () => {
    assert.throws(() => readFreeLines([line]), /wanted one option in its long form/);
  });
}
