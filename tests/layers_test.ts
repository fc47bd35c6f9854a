import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The rooms, and what each may import (CONTRIBUTING.md, "Layout"). "adapter": only schedulers/adapter.ts, only as types. */
const ROOMS: Record<string, { imports: string[]; types?: string[] }> = {
  "main.ts": { imports: ["commands", "core"] },
  "mod.ts": { imports: ["core", "schedulers/adapter.ts"] },
  commands: { imports: ["runtime", "core"], types: ["schedulers/adapter.ts"] },
  runtime: { imports: ["schedulers", "core", "templates", "profiles"] },
  schedulers: { imports: ["core", "templates"] },
  core: { imports: [] },
  plugins: { imports: [], types: ["mod.ts"] },
};

/** core/version.ts is the one file that knows deno.json; whatever sets a version must edit one line. */
const ALLOWED = new Set(["core/version.ts -> deno.json"]);

const NOT_SOURCES = new Set(["node_modules", "dist", ".git", ".tools", ".demo"]);

function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return NOT_SOURCES.has(entry.name) ? [] : sourcesIn(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

const sources = sourcesIn("");
const roomOf = (path: string) => path.includes("/") ? path.slice(0, path.indexOf("/")) : path;
const read = (path: string) => readFileSync(join(root, path), "utf8");

interface Import {
  from: string;
  to: string;
  types: boolean;
}

/** Imports and re-exports of a file of this repository, literal ones and those by import(). */
function importsOf(path: string): Import[] {
  const text = read(path);
  const statics = text.matchAll(/(?:^|\n)\s*(import|export)\s+(type\s+)?(?:([^;"']*?)\s*from\s*)?["'](\.[^"']+)["']/g);
  const calls = text.matchAll(/\bimport\(\s*["'](\.[^"']+)["']\s*\)/g);
  const target = (to = "") => normalize(join(dirname(path), to));
  return [
    ...[...statics].map(([, , type, names, to]) => ({
      from: path,
      to: target(to),
      types: type !== undefined || allTypes(names),
    })),
    ...[...calls].map(([, to]) => ({ from: path, to: target(to), types: false })),
  ];
}

/** `{ type A, type B }` imports nothing at run time either. */
function allTypes(names: string | undefined): boolean {
  const inside = /^\{(.*)\}$/s.exec(names?.trim() ?? "")?.[1];
  if (inside === undefined) return false;
  return inside.split(",").map((name) => name.trim()).filter((name) => name !== "").every((name) =>
    name.startsWith("type ")
  );
}

const isIn = (path: string, places: string[]) => places.some((place) => path === place || path.startsWith(`${place}/`));

function violation({ from, to, types }: Import): string | null {
  const room = roomOf(from);
  const rule = ROOMS[room];
  if (!rule || roomOf(to) === room || ALLOWED.has(`${from} -> ${to}`)) return null;
  if (isIn(to, rule.imports) || (types && isIn(to, rule.types ?? []))) return null;
  return `${from} imports ${to}`;
}

Deno.test("Every folder of the sources imports only the folders below it", () => {
  const imports = sources.filter((path) => ROOMS[roomOf(path)]).flatMap(importsOf);
  assert.ok(imports.length > 300, `only ${imports.length} imports were found: this test has gone blind`);
  assert.deepEqual(imports.flatMap((one) => violation(one) ?? []), []);
});

/** The folders of runtime/ in one order: each imports only those before it. */
const RUNTIME = [
  "fs",
  "system",
  "plugin",
  "run",
  "shard",
  "starts",
  "observed",
  "render",
  "scheduler",
  "merge",
  "state",
  "worker",
  "ssh",
]
  .concat(["control", "sweep", "scan", "output"]);

const rankOf = (path: string) => RUNTIME.indexOf(path.split("/")[1] ?? "");

function againstOrder(imports: readonly Import[]): string[] {
  const within = imports.filter(({ from, to }) => roomOf(from) === "runtime" && roomOf(to) === "runtime");
  return within.filter(({ from, to }) => rankOf(to) > rankOf(from)).map(({ from, to }) => `${from} imports ${to}`);
}

Deno.test("The folders of runtime/ have one order, and imports go down it", () => {
  const files = sources.filter((path) => roomOf(path) === "runtime");
  assert.deepEqual([...new Set(files.map((path) => path.split("/")[1]))].sort(), RUNTIME.toSorted());
  assert.deepEqual(againstOrder(files.flatMap(importsOf)), []);
  const up = { from: "runtime/run/a.ts", to: "runtime/shard/b.ts", types: true };
  assert.deepEqual(againstOrder([up, { ...up, from: up.to, to: up.from }]), [
    "runtime/run/a.ts imports runtime/shard/b.ts",
  ]);
});

Deno.test("docs/architecture.md has this order, and names only existing files and folders", () => {
  const page = read("docs/architecture.md");
  assert.ok(page.replaceAll("\n", " ").includes(RUNTIME.map((name) => `\`${name}\``).join(" < ")));
  const named = [...page.matchAll(/`((?:core|schedulers|runtime|commands|scripts|docs|tests)\/[\w./-]*)`/g)].map((
    [, path = ""],
  ) => path);
  assert.ok(named.length > 20);
  assert.deepEqual(named.filter((path) => !path.includes("NAME") && !existsSync(join(root, path))), []);
});

/** Files of one reader that stay short, each with its reason. */
const SHORT: Record<string, string> = {
  "runtime/control/accept_nextstat.ts": "what it needs is much, and only four commands take its flag",
  "schedulers/local.ts": "a backend, loaded by its name",
};

/** Files that one other file reads, and that are shorter than 40 lines. A command is a file of its own. */
function shortOfOneReader(): string[] {
  const product = sources.filter((path) => isIn(path, ["core", "schedulers", "runtime", "commands"]));
  const imports = product.concat("main.ts", "mod.ts").flatMap(importsOf);
  const readersOf = (path: string) => new Set(imports.filter(({ to }) => to === path).map(({ from }) => from));
  return product.filter((path) => read(path).split("\n").length <= 40).filter((path) => {
    const readers = readersOf(path);
    return readers.size === 1 && !readers.has("commands/table.ts");
  });
}

Deno.test("A file with one reader is in its reader's file, or has a reason to be a short file of its own", () => {
  assert.deepEqual(shortOfOneReader().sort(), Object.keys(SHORT).sort());
});

Deno.test("Each adapter can be removed: only the registry and itself import it", () => {
  const names = readdirSync(join(root, "schedulers"), { withFileTypes: true }).filter((one) => one.isDirectory());
  const others = sources.filter((path) => !isIn(path, ["tests", "schedulers/mod.ts"])).flatMap(importsOf);
  const found = names.flatMap(({ name }) => {
    const own = [`schedulers/${name}.ts`, `schedulers/${name}`];
    return others.filter(({ from, to }) => isIn(to, own) && !isIn(from, own)).map(({ from, to }) =>
      `${from} imports ${to}`
    );
  });
  assert.deepEqual(found, []);
  assert.ok(names.length >= 2);
});

Deno.test("Fixtures, which tests and scripts share, import nothing of either", () => {
  const imports = sources.filter((path) => isIn(path, ["tests/fixtures"])).flatMap(importsOf);
  const wrong = imports.filter(({ to }) => !isIn(to, ["core", "schedulers/adapter.ts", "tests/fixtures"]));
  assert.ok(imports.length > 10, `only ${imports.length} imports were found: this test has gone blind`);
  assert.deepEqual(wrong.map(({ from, to }) => `${from} imports ${to}`), []);
});

/** Files that build a document of a kind, which its `schema_version` tells: its constant, or the word itself. */
const builtIn = (files: readonly string[], constant: string, word: string): string[] =>
  files.filter((path) => new RegExp(`schema_version: (?:${constant}|"nextstat\\.${word}\\.v1"),`).test(read(path)));

Deno.test("A manifest's record, an attempt and its record are each built in one place, for tests and scripts too", () => {
  assert.deepEqual(builtIn(sources, "RUN_RECORD_SCHEMA", "cpu_farm_run_record"), ["core/request.ts"]);
  assert.deepEqual(builtIn(sources, "ATTEMPT_SCHEMA", "cpu_farm_shard_attempt"), ["core/record.ts"]);
  assert.deepEqual(builtIn(sources, "SHARD_RECORD_SCHEMA", "cpu_farm_shard_record"), ["core/record.ts"]);
});

Deno.test("An adapter is read in five files (Slurm) or six (HTCondor)", () => {
  const filesOf = (name: string) =>
    sources.filter((path) => isIn(path, [`schedulers/${name}.ts`, `schedulers/${name}`]));
  assert.equal(filesOf("slurm").length, 5);
  assert.equal(filesOf("htcondor").length, 6);
});

Deno.test("A wrong import would be found, in every notation", () => {
  const wrong = (from: string, to: string, types = false) => violation({ from, to, types });
  assert.equal(wrong("core/a.ts", "runtime/b.ts"), "core/a.ts imports runtime/b.ts");
  assert.equal(wrong("core/a.ts", "core/merge/b.ts"), null);
  assert.equal(wrong("schedulers/a.ts", "runtime/b.ts"), "schedulers/a.ts imports runtime/b.ts");
  assert.equal(wrong("runtime/a.ts", "commands/b.ts", true), "runtime/a.ts imports commands/b.ts");
  assert.equal(wrong("commands/a.ts", "schedulers/slurm.ts", true), "commands/a.ts imports schedulers/slurm.ts");
  assert.equal(wrong("commands/a.ts", "schedulers/adapter.ts"), "commands/a.ts imports schedulers/adapter.ts");
  assert.equal(wrong("commands/a.ts", "schedulers/adapter.ts", true), null);
  assert.equal(wrong("core/a.ts", "deno.json"), "core/a.ts imports deno.json");
  assert.ok(allTypes("{ type A, type B }"));
  assert.ok(!allTypes("{ type A, b }") && !allTypes("* as z") && !allTypes(undefined));
});

/** What of tests/ the tools of developers run too: clusters, faults, made-up runs. They know nothing of scripts/. */
const SHARED_WITH_SCRIPTS = ["tests/clusters", "tests/chaos", "tests/fixtures", "tests/support/browser.ts"];

Deno.test("scripts/ imports of tests/ only clusters, faults, made-up runs and a browser, and these import nothing of scripts/", () => {
  const taken = sources.filter((path) => isIn(path, ["scripts"])).flatMap(importsOf).filter(({ to }) =>
    isIn(to, ["tests"])
  );
  assert.ok(taken.length > 0, "this test has gone blind");
  assert.deepEqual(taken.filter(({ to }) => !isIn(to, SHARED_WITH_SCRIPTS)), []);
  const reached = new Set(sources.filter((path) => isIn(path, SHARED_WITH_SCRIPTS)));
  for (const path of reached) if (path.endsWith(".ts")) { for (const { to } of importsOf(path)) reached.add(to); }
  assert.deepEqual([...reached].filter((path) => isIn(path, ["scripts"])), []);
});

/** Files that import each other, directly or in a circle; types count too, since a reader has to follow them as well. */
function circles(files: readonly string[], targetsOf: (path: string) => string[]): string[][] {
  const done = new Set<string>();
  const found: string[][] = [];
  const visit = (path: string, trail: string[]) => {
    const at = trail.indexOf(path);
    if (at >= 0) found.push([...trail.slice(at), path]);
    if (at >= 0 || done.has(path)) return;
    for (const target of targetsOf(path)) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of files) visit(path, []);
  return found;
}

Deno.test("No source imports itself, not even through others", () => {
  const targetsOf = (path: string) => path.endsWith(".ts") ? importsOf(path).map((one) => one.to) : [];
  assert.deepEqual(circles(sources, targetsOf).map((circle) => circle.join(" -> ")), []);
});

Deno.test("A cycle of imports would be found, however long it is", () => {
  const graph: Record<string, string[]> = { a: ["b"], b: ["c", "d"], c: [], d: ["b"], e: ["e"] };
  assert.deepEqual(circles(["a", "b", "c", "d", "e"], (path) => graph[path] ?? []), [["b", "d", "b"], ["e", "e"]]);
});

/** What would make a result depend on more than what came in. A field or variable may be called `process`. */
const IMPURE = new RegExp(
  [
    /\bDeno\b/,
    /\bDate\.now\b/,
    /\bnew Date\(\s*\)/,
    /\bMath\.random\b/,
    /\bperformance\.\w/,
    /(?<![.\w])process\.(?:env|argv|cwd|pid|ppid|exit|platform|arch|hrtime|uptime|memoryUsage|cpuUsage|std\w+|kill|on)\b/,
    /\bcrypto\.\w/,
    /\bglobalThis\b/,
    /\bnavigator\b/,
    /\bset(?:Timeout|Interval|Immediate)\b/,
    /\bfetch\(/,
  ].map((one) => one.source).join("|"),
);

/** Only modules that compute; node:fs, node:child_process, node:process and the like would touch the world. */
const PURE_MODULES =
  /^(?:zod\/(?:mini|locales)|mustache|d3-(?:array|random|scale|shape)|tinyqueue|shlex|node:path(?:\/posix)?)$/;

Deno.test("core/ and schedulers/ read no clock, no random number, no environment and no file", () => {
  const found = sources.filter((path) => isIn(path, ["core", "schedulers"])).flatMap((path) => {
    const code = withoutComments(read(path));
    const names = code.split("\n").filter((line) => IMPURE.test(line.replace(/(["'`]).*?\1/g, "")));
    const modules = [...code.matchAll(/from\s+"([^".][^"]*)"/g)].map(([, name = ""]) => name);
    return [
      ...names.map((line) => `${path}: ${line.trim()}`),
      ...modules.filter((name) => !PURE_MODULES.test(name)).map((name) => `${path} imports ${name}`),
    ];
  });
  assert.deepEqual(found, []);
});

Deno.test("Schemas are made by core/schema/zod.ts alone, which shares them between documents", () => {
  const users = sources.filter((path) => isIn(path, ["core", "schedulers", "runtime", "commands", "plugins"]));
  assert.deepEqual(users.filter((path) => /from "zod(?:\/mini)?"/.test(read(path))), ["core/schema/zod.ts"]);
});

Deno.test("An access to the clock or a file would be found, and a field called process would not", () => {
  for (
    const line of ["Deno.cwd()", "Date.now()", "new Date()", "Math.random()", "performance.now()", "process.env.X"]
  ) {
    assert.match(line, IMPURE);
  }
  for (const line of ["new Date(text)", "Date.parse(x)", "worker.process.host", "const { process } = attempt"]) {
    assert.doesNotMatch(line, IMPURE);
  }
});

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "$1");
}

/** What a file declares for others. */
const EXPORTED = /^export (?:async )?(?:abstract )?(?:function\*?|const|let|class|interface|type|enum) (\w+)/gm;

const exportsOf = (code: string): string[] => [...new Set([...code.matchAll(EXPORTED)].map(([, name = ""]) => name))];

/** The names that a file takes of others, by the file that it takes them of; `*` for all. */
function takenBy(path: string, code: string): { of: string; name: string }[] {
  const target = (to = "") => to === "nsfarm-deno" ? "mod.ts" : normalize(join(dirname(path), to));
  const whole = /(?:^|\n)\s*(?:import|export)\s+(?:type\s+)?([^;"']*?)\s*from\s*["'](\.[^"']+|nsfarm-deno)["']/g;
  const statics = [...code.matchAll(whole)].flatMap(([, names = "", to]) => {
    const listed = /\{([^}]*)\}/.exec(names)?.[1]?.split(",").map((name) => name.trim()).filter((name) => name !== "");
    const plain = (name: string) => name.replace(/^type /, "").replace(/ as .*$/, "");
    return (listed?.map(plain) ?? [names.includes("*") ? "*" : "default"]).map((name) => ({ of: target(to), name }));
  });
  const calls = [...code.matchAll(/\bimport\(\s*["'](\.[^"']+)["']\s*\)/g)];
  const called = REGISTRIES.includes(path) ? "default" : "*";
  return [...statics, ...calls.map(([, to]) => ({ of: target(to), name: called }))];
}

/** Tables of files that are loaded for their default export alone. */
const REGISTRIES = ["schedulers/mod.ts", "commands/table.ts"];

/** Whatever is imported by its file's name alone: by `main.ts`, by another program, by Deno. */
const ENTRIES = ["main.ts", "mod.ts"];

/** A plugin is a program of its own, which may call a thing as we do. */
const named = sources.filter((path) => !isIn(path, ["tests", "plugins", ...ENTRIES]));

function namedTwice(files: readonly { path: string; code: string }[]): string[] {
  const all = files.flatMap(({ path, code }) => exportsOf(code).map((name) => ({ path, name })));
  return [...Map.groupBy(all, ({ name }) => name)].filter(([, same]) => same.length > 1)
    .map(([name, same]) => `${name}: ${same.map(({ path }) => path).join(", ")}`);
}

Deno.test("An exported name has one meaning", () => {
  assert.deepEqual(namedTwice(named.map((path) => ({ path, code: read(path) }))), []);
});

function takenByNobody(files: readonly { path: string; code: string }[], takers: typeof files): string[] {
  const taken = new Set(
    takers.flatMap(({ path, code }) =>
      takenBy(path, code).filter(({ of }) => of !== path).map(({ of, name }) => `${of} ${name}`)
    ),
  );
  return files.flatMap(({ path, code }) =>
    taken.has(`${path} *`) ? [] : exportsOf(code).map((name) => `${path} ${name}`).filter((one) => !taken.has(one))
  );
}

Deno.test("Every export is imported by another file", () => {
  const all = sources.map((path) => ({ path, code: read(path) }));
  assert.deepEqual(takenByNobody(all.filter(({ path }) => named.includes(path)), all), []);
});

Deno.test("A name that is exported twice, or for nobody, would be found", () => {
  const quoted = JSON.stringify;
  const a = { path: "core/a.ts", code: "export const one = 1;\nexport interface Two {}\n" };
  const b = { path: "core/b.ts", code: `import { one } from ${quoted("./a.ts")};\nexport async function one() {}\n` };
  assert.deepEqual(namedTwice([a, b]), ["one: core/a.ts, core/b.ts"]);
  assert.deepEqual(takenByNobody([a, b], [a, b]), ["core/a.ts Two", "core/b.ts one"]);
  const all = {
    path: "runtime/c.ts",
    code: `import * as a from ${quoted("../core/a.ts")};\nimport(${quoted("../core/b.ts")});`,
  };
  assert.deepEqual(takenByNobody([a, b], [a, b, all]), []);
});

Deno.test("No source is longer than 300 lines", () => {
  const long = sources.filter((path) => !isIn(path, ["tests"])).map((path) => ({
    path,
    lines: read(path).split("\n").length - 1,
  })).filter(({ lines }) => lines > 300);
  assert.deepEqual(long, []);
});

Deno.test("No file and no folder is called utils", () => {
  assert.deepEqual(sources.filter((path) => /(^|[/_])utils?([/_.]|$)/.test(path)), []);
});

Deno.test("No source of the product says using: the minifier of a build drops it where the variable is read once", () => {
  const product = sources.filter((path) => isIn(path, ["main.ts", "core", "schedulers", "runtime", "commands"]));
  assert.deepEqual(product.filter((path) => /^\s*(?:await )?using \w+ =/m.test(withoutComments(read(path)))), []);
});

/** Calls of whatever writes a file or gives it a name, with the rest of their line. */
const WRITES = /\b(?:write(?:Document|Whole|Streamed|TextFile(?:Sync)?|File(?:Sync)?)|rename(?:Sync)?)\([^\n]*/g;

/** What writes a manifest that is not there yet (of a run that is rendered), and an archive. */
const NEW_MANIFESTS = [
  'runtime/render/write_run.ts: writeWhole(join(staged, MANIFEST), JSON.stringify(manifest, null, 2) + "\\n");',
];

/** Calls that write the manifest of a run or the document of a sweep past its lock. */
const writesPastLock = (path: string, code: string): string[] =>
  [...code.matchAll(WRITES)].filter(([call]) => /manifest|sweep/i.test(call)).map(([call]) => `${path}: ${call}`);

Deno.test("An existing manifest, and a sweep's document, are written under their lock, in one place", () => {
  const product = sources.filter((path) => isIn(path, ["commands", "runtime"]));
  const found = product.flatMap((path) => writesPastLock(path, withoutComments(read(path))));
  assert.deepEqual(found.sort(), NEW_MANIFESTS.toSorted());
  const changing = product.filter((path) => /\bchangeDocument\(/.test(withoutComments(read(path))));
  assert.deepEqual(changing.sort(), [
    "runtime/run/change_manifest.ts",
    "runtime/run/steering.ts",
    "runtime/run/submissions.ts",
    "runtime/scan/limit_runs.ts",
    "runtime/sweep/load.ts",
    "runtime/sweep/render_sweep.ts",
  ]);
});

Deno.test("A write without the lock would be found", () => {
  for (
    const call of [
      "writeDocument(run.manifest_path, extended);",
      "if (a) writeWhole(join(dir, MANIFEST), text);",
      "writeDocument(path, { ...sweep, runs });",
      "writeDocument(sweepPath(asked), made);",
      "Deno.renameSync(made, manifest_path);",
    ]
  ) {
    assert.equal(writesPastLock("a.ts", call).length, 1, call);
  }
});

/** A rename by the system itself, whose answer says nothing where it was lost. */
const RENAMES = /\brenameSync\b|\b(?:Deno|fs)\.rename\b|\brename\b[^\n]*from "node:fs/;

Deno.test("All renames are made in one place, which checks the result after an error", () => {
  const product = sources.filter((path) => isIn(path, ["main.ts", "commands", "runtime"]));
  assert.deepEqual(product.filter((path) => RENAMES.test(withoutComments(read(path)))), ["runtime/fs/write.ts"]);
});

Deno.test("Another rename would be found, and a call of that place would not", () => {
  const others = ["Deno.renameSync(a, b);", "await Deno.rename(a, b);", 'import { rename } from "node:fs/promises";'];
  for (const line of others) assert.match(line, RENAMES);
  for (const line of ["rename(temporary, path);", 'import { rename } from "../disk/rename.ts";']) {
    assert.doesNotMatch(line, RENAMES);
  }
});
