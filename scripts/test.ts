/** `./dev test`: all tests that a change must pass. */
import { parseArgs } from "node:util";
import { type Amount, type Choice, chooseTests, findTests, folderOf, readSources } from "./testing/files.ts";
import { beginCoverage, coverageTable } from "./testing/coverage.ts";
import { exitCode, leftOutText, measureRun, testReport } from "./testing/report.ts";
import { runAlone, runBatches, runFailedAgain, runOnNewestDeno, type TestRun } from "./testing/run.ts";
import { runChecks } from "./testing/checks.ts";
import { testEnvironment } from "./testing/test_environment.ts";
import { DevError, runMain } from "./tools.ts";

async function main(): Promise<number> {
  const measured = measureRun();
  const { argument, amount, isCovered } = readArgs(Deno.args);
  const isWhole = argument === undefined;
  const choice = chooseTests(await findTests(), argument, amount);
  const sources = await readSources(choice.files);
  const run = await prepare(choice, amount, isCovered ? await beginCoverage() : []);
  const checks = isWhole ? await runChecks() : [];
  const tests = await runFailedAgain(await runBatches(run, sources), runAlone(run));
  const again = isWhole && amount === "all" ? await runOnNewestDeno(run, choice.files) : [];
  const leftOut = leftOutText(await readSources(choice.leftOut), amount, isWhole);
  if (isWhole) console.log(`\n${measured()}`);
  if (isCovered) console.log(`\n${await coverageTable()}`);
  console.log(`\n${leftOut && `${leftOut}\n`}${testReport([...checks, ...tests, ...again])}`);
  return exitCode([...checks, ...again], tests, amount);
}

function readArgs(args: string[]): { argument: string | undefined; amount: Amount; isCovered: boolean } {
  try {
    const options = { all: { type: "boolean" }, quick: { type: "boolean" }, coverage: { type: "boolean" } } as const;
    const { values, positionals } = parseArgs({ args, allowPositionals: true, options });
    if (positionals.length > 1) throw new Error(`more than one argument (${positionals.join(" ")})`);
    const isCovered = values.coverage ?? false;
    if (values.all && (values.quick || isCovered)) {
      throw new Error(`both --all and --${isCovered ? "coverage" : "quick"}`);
    }
    // Coverage of the compiled program cannot be measured: only unit tests count.
    const amount = values.all ? "all" : values.quick || isCovered ? "quick" : "usual";
    return { argument: positionals[0], amount, isCovered };
  } catch (error) {
    throw new DevError(`Cannot test: ${error instanceof Error ? error.message : error}; see ./dev help`);
  }
}

// While the program does not build, tests of the pure parts can still be run by name.
async function prepare(choice: Choice, amount: Amount, more: string[]): Promise<TestRun> {
  const isPure = choice.files.every((file) => folderOf(file) === "tests/core");
  const args = [...more, ...(choice.filter === undefined ? [] : [`--filter=${choice.filter}`])];
  const env = { NSFARM_TEST_AMOUNT: amount, ...(isPure ? {} : await testEnvironment()) };
  return { deno: Deno.execPath(), args, env };
}

await runMain(main);
