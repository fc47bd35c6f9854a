/** Reads the JUnit file of `deno test`, whose counts are exact; its printed lines are for people. */
import { type FileResult, fileResult } from "./file_result.ts";

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
