/** Reads the JUnit file of `deno test`, whose counts are exact; its printed lines are for people. */

/** The result of one test file, or of one step of the checks. */
export interface FileResult {
  file: string;
  passed: number;
  /** The names of the tests that failed, or other failures. */
  failed: string[];
  /** The names of the skipped tests. */
  skipped: string[];
  /** The names of the tests that failed, and passed when their file was run once more alone. */
  flaky: string[];
  /** Reductions compared with `--all` that tests have reported. */
  leftOut: string[];
  seconds: number;
}

/** Returns a result with no tests, except for the given fields. */
export function fileResult(file: string, given: Partial<FileResult> = {}): FileResult {
  return { file, passed: 0, failed: [], skipped: [], flaky: [], leftOut: [], seconds: 0, ...given };
}

/** Returns one result for each `file`, summed over all results of that file. */
export function mergeByFile(results: FileResult[]): FileResult[] {
  return [...Map.groupBy(results, ({ file }) => file)].map(([file, same]) => sumOfResults(file, same));
}

/** Returns the sum of some results, as that of one file. */
export function sumOfResults(file: string, results: FileResult[]): FileResult {
  return {
    file,
    passed: results.reduce((sum, one) => sum + one.passed, 0),
    failed: results.flatMap((one) => one.failed),
    skipped: results.flatMap((one) => one.skipped),
    flaky: results.flatMap((one) => one.flaky),
    leftOut: results.flatMap((one) => one.leftOut),
    seconds: results.reduce((sum, one) => sum + one.seconds, 0),
  };
}

interface Case {
  name: string;
  seconds: number;
  failed: boolean;
  skipped: boolean;
  filteredOut: boolean;
}

/** Returns the results in a JUnit file of Deno, one for each test file. */
export function readJunit(xml: string): FileResult[] {
  return [...xml.matchAll(/<testsuite ([^>]*)>(.*?)<\/testsuite>/gs)].map(([, attributes = "", body = ""]) => {
    const cases = withoutSteps(readCases(body)).filter((test) => !test.filteredOut);
    return fileResult(attribute(attributes, "name").replace(/^\.\//, ""), {
      passed: cases.filter((test) => !test.failed && !test.skipped).length,
      failed: cases.filter((test) => test.failed).map((test) => test.name),
      skipped: cases.filter((test) => test.skipped).map((test) => test.name),
      seconds: cases.reduce((sum, test) => sum + test.seconds, 0),
    });
  });
}

function readCases(suite: string): Case[] {
  return [...suite.matchAll(/<testcase ([^>]*)>(.*?)<\/testcase>/gs)].map(([, attributes = "", body = ""]) => {
    const skipped = body.includes("<skipped");
    const time = attribute(attributes, "time");
    return {
      name: attribute(attributes, "name"),
      seconds: Number(time),
      failed: body.includes("<failure") || body.includes("<error"),
      skipped,
      // Deno lists tests that --filter excludes as skipped too; only those have no time.
      filteredOut: skipped && time === "",
    };
  });
}

// A step is listed as "test > step", after its test, which fails with it.
function withoutSteps(cases: Case[]): Case[] {
  return cases.filter((step, i) => !cases.slice(0, i).some((test) => step.name.startsWith(`${test.name} > `)));
}

function attribute(attributes: string, name: string): string {
  return unescape(new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes)?.[1] ?? "");
}

const entities = new Map([["&lt;", "<"], ["&gt;", ">"], ["&quot;", '"'], ["&apos;", "'"], ["&amp;", "&"]]);

function unescape(text: string): string {
  return text.replace(/&(?:lt|gt|quot|apos|amp);/g, (entity) => entities.get(entity) ?? entity);
}
