import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Files in which a word that is gone may stand: the list itself, its explanation, recorded outputs, what was. */
const EXEMPT = /^(tests\/words_test\.ts|docs\/style\.md|CHANGELOG\.md|tests\/(recorded|samples)\/)/;

const sources = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).split("\n")
  .filter((file) => /(\.(ts|js|md|sh|py|mustache|css)|^dev)$/.test(file) && !EXEMPT.test(file));

interface GoneWord {
  pattern: RegExp;
  instead: string;
  /** Where it is gone; without: everywhere. */
  where?: RegExp;
}

const PRODUCT = /^(core|runtime|schedulers|commands|plugins|templates|main\.ts|mod\.ts)/;

const GONE: readonly GoneWord[] = [
  { pattern: /workbench/i, instead: "context" },
  { pattern: /\bbench(Of)?\b/i, instead: "context", where: /^(core|runtime|schedulers|commands|tests\/runtime)\// },
  { pattern: /\bprais(e|es|ed)\b/i, instead: "recordSuccess" },
  { pattern: /\bcrews?\b|HostCrew|CrewTalk/i, instead: "pool" },
  { pattern: /\btwins?\b/i, instead: "double, duplicate or speculative attempt" },
  { pattern: /order.?books?/i, instead: "queue" },
  { pattern: /\bbunch(es)?\b/i, instead: "batch" },
  { pattern: /\b(const|let|function|interface|type|class) (told|said)\b/, instead: "message, reported" },
  { pattern: /LocalPlace|HostPlace/, instead: "executor" },
  { pattern: /\b(lookAtWorkers|LOOK_AGAIN_MS|lookAtNextstat)\b/, instead: "inspect, POLL_INTERVAL_MS" },
  { pattern: /\b(Symptom|raiseOf|twiceMemory|leavesToOthers|callHelper)\b/, instead: "a word of the field" },
];

/** Phrases that users stumbled over: a message, help or page must not have them again. */
const GONE_PHRASES: readonly RegExp[] = [
  /of its wishes/,
  /the disk took nothing/,
  /bug of ours/,
  /told to stop"/,
  /A click on a column's head/,
  /(Toys|toys) by (the )?(makespan|longest|wall)/,
  /asked is/,
  /does not let us in/,
  /in the same way`/,
  /merges what is good/,
  /says that it is alive/,
  /a further word/,
  /who is written to/,
];

/** Returns `file:line: text` of each line that has a word that is gone. */
function linesWith(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    readFileSync(join(root, file), "utf8").split("\n").flatMap((line, i) =>
      pattern.test(line) ? [`${file}:${i + 1}: ${line.trim().slice(0, 100)}`] : []
    )
  );
}

Deno.test("the words that the redesign replaced are gone from code, tests and docs", () => {
  assert(sources.length > 500, `only ${sources.length} sources were found: this test sees nothing`);
  const found = GONE.flatMap(({ pattern, instead, where }) =>
    linesWith(sources.filter((file) => where === undefined || where.test(file)), pattern)
      .map((line) => `${line}   (use ${instead})`)
  );
  assert.deepEqual(found, []);
});

/** Whether a line is code, which prints; comments are read by developers. */
const isCode = (found: string): boolean => !/^[^ ]+: (\*|\/\*|\/\/)/.test(found);

Deno.test("the phrases that users stumbled over are gone from what the program prints", () => {
  const product = sources.filter((file) => PRODUCT.test(file));
  assert.deepEqual(GONE_PHRASES.flatMap((phrase) => linesWith(product, phrase)).filter(isCode), []);
});
