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

/** Folders whose exported functions have comments that begin with a verb. */
const BEGIN_WITH_A_VERB = /^(core|schedulers|plugins|runtime|commands|scripts)\/|^(main|mod)\.ts$/;

/** An exported function, as a declaration or as an arrow, and the comment that ends on the line before it. */
const DOCUMENTED =
  /\/\*\*((?:(?!\*\/)[^])*)\*\/\nexport (?:default )?(?:async )?(?:function\*? |const (?=\w+[^=;]*= (?:async )?(?:<[^;]*?>)?\([^;]*?=>))(\w+)/g;

/** A capitalised verb in the third person; what else ends in "s" at the head of a sentence is none. */
const VERB =
  /^(?!(This|Its|Is|As|Has|Was|Always|Toys|Shards|Jobs|Hosts|Files|Lines|Options|Flags|Words|Bars|Times)\b)[A-Z][a-z-]*s\b/;

/** Returns `file: name: comment` of each exported function whose comment begins with another word than a verb. */
function withoutVerb(file: string, text: string): string[] {
  return [...text.matchAll(DOCUMENTED)].flatMap(([, comment = "", name]) => {
    const begin = comment.replaceAll(/\n \*/g, " ").trim();
    return VERB.test(begin) ? [] : [`${file}: ${name}: ${begin.slice(0, 80)}`];
  });
}

Deno.test("the comment of an exported function begins with a verb: Returns, Reads, Throws", () => {
  const files = sources.filter((file) => BEGIN_WITH_A_VERB.test(file) && file.endsWith(".ts"));
  const texts = files.map((file) => [file, readFileSync(join(root, file), "utf8")] as const);
  const n_found = texts.reduce((n, [, text]) => n + [...text.matchAll(DOCUMENTED)].length, 0);
  assert(n_found > 200, `only ${n_found} comments were found: this test sees nothing`);
  assert.deepEqual(texts.flatMap(([file, text]) => withoutVerb(file, text)), []);
});

Deno.test("a comment that begins with another word would be found", () => {
  const text = "/** What is known. */\nexport const facts = <T>(of: T): T => of;\n/**\n * Its size.\n */\n" +
    "export async function size() {}\n/** Reads a size. */\nexport function readSize() {}\n" +
    "/** The largest size. */\nexport const MAX = (2 ** 10) - 1;\n";
  assert.deepEqual(withoutVerb("a.ts", text), ["a.ts: facts: What is known.", "a.ts: size: Its size."]);
});
