import assert from "node:assert/strict";
import { chmod, link, mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FarmError } from "../../../core/errors.ts";
import { startPlugin } from "../../../runtime/plugin/adapt.ts";
import { readPlugin } from "../../../runtime/plugin/read.ts";
import type { RenderContext } from "../../../schedulers/adapter.ts";
import { isBareName, runsAnything } from "../../../schedulers/adapter_answers.ts";
import { exampleContext } from "../../fixtures/context.ts";
import { changed, SMALL_PLUGIN, withFiles } from "../support/plugin_files.ts";

const TRUSTED = new Set([0, Deno.uid() ?? 0]);
const SOON_MS = 1500;

/** What is said when these files, the first of them the plugin, are loaded and `use` is made of the adapter. */
async function refusal(
  files: Record<string, string>,
  use: (adapter: ReturnType<typeof startPlugin>["adapter"], context: RenderContext) => unknown = () => {},
): Promise<string> {
  let printed = "";
  await withFiles(files, (folder) => {
    const file = join(folder, Object.keys(files)[0] ?? "");
    try {
      const plugin = startPlugin(readPlugin(file, TRUSTED), SOON_MS);
      try {
        use(plugin.adapter, exampleContext());
      } finally {
        plugin.close();
      }
    } catch (error) {
      assert.ok(error instanceof FarmError, `wanted a FarmError, not ${error}`);
      printed = `${error.message} ${error.next ?? ""}`;
      if (error.kind === "input") assert.ok(printed.includes(folder), `it names the file: ${printed}`);
    }
  });
  return printed;
}

Deno.test("A plugin of several typed files with relative imports renders as a built-in adapter does", async () => {
  const files = {
    "toy.ts": SMALL_PLUGIN.replace(
      "const ok",
      `import type { Nothing } from "nsfarm-deno";
       /**/ import { script, type Kind } from "./script.ts"; import { ending } from "./ending.js";
       enum Level { low, high }
       const kind: Kind = "sh"; const shell = script(kind) + ending() + Level[Level.high];
       const ok`,
    ).replace('"#!/bin/sh\\n"', "shell"),
    "script.ts": `import { ending } from "./ending.js"; export type Kind = "sh";
                  export const script = <T extends string>(kind: T): string => "#!/bin/" + kind + ending();`,
    "ending.js": `export function ending() { return "\\n"; }`,
  };
  await withFiles(files, (folder) => {
    const plugin = startPlugin(readPlugin(join(folder, "toy.ts"), TRUSTED));
    const { files, chunks } = plugin.adapter.render(exampleContext());
    assert.deepEqual(files, [{ path: "toy_job.sh", text: "#!/bin/sh\n\nhigh", executable: true }]);
    assert.deepEqual(chunks.map((chunk) => chunk.index), [0]);
    assert.equal(plugin.source.modules.length, 3);
    plugin.close();
  });
});

Deno.test("The sha256 of a plugin of one file is that of sha256sum; that of several files changes with any of them", async () => {
  await withFiles({ "toy.js": SMALL_PLUGIN }, async (folder) => {
    const { stdout } = new Deno.Command("sha256sum", { args: [join(folder, "toy.js")] }).outputSync();
    const sum = new TextDecoder().decode(stdout).slice(0, 64);
    assert.equal(readPlugin(join(folder, "toy.js"), TRUSTED).sha256, sum);
    await writeFile(join(folder, "more.js"), `import "./toy.js"; export { default } from "./toy.js";`);
    const before = readPlugin(join(folder, "more.js"), TRUSTED).sha256;
    await writeFile(join(folder, "toy.js"), SMALL_PLUGIN + "\n");
    assert.notEqual(readPlugin(join(folder, "more.js"), TRUSTED).sha256, before);
  });
});

Deno.test("A cycle of imports is refused and shown", async () => {
  const printed = await refusal({
    "a.ts": `import { b } from "./b.ts"; export default b;`,
    "b.ts": `import { c } from "./c.ts"; export const b = c;`,
    "c.ts": `import { b } from "./b.ts"; export const c = b;`,
  });
  assert.match(printed, /a\.ts": its imports form a cycle: b\.ts -> c\.ts -> b\.ts/);
});

for (
  const [what, code, line] of [
    ["a URL", `import x from "https://example.org/x.js"; x();`, /imports the URL "https:/],
    ["a data: URL", `import x from "data:text/javascript,1"; x();`, /imports the URL "data:/],
    ["a file: URL", `import x from "file:///etc/x.js"; x();`, /imports the URL "file:/],
    [
      "an absolute path",
      `import x from "/etc/x.js"; x();`,
      /imports the package "\/etc\/x.js": wanted a relative path/,
    ],
    ["a package", `import { readFile } from "node:fs"; readFile();`, /imports the URL "node:fs"/],
    ["a local JSON file", `import x from "./x.json" with { type: "json" }; x();`, /imports ".\/x.json": wanted a file/],
    ["a file that is not there", `import { x } from "./x.ts"; x();`, /x\.ts": it is not there/],
    ["import()", `export const f = () => import ("./x.js");`, /it has an import\(\) in line 1/],
    ["import () in another dress", "\nexport const f = () => `${import/* */\n(`./x.js`)}`;", /an import\(\) in line 2/],
    ["import.meta", `export const f = import.meta.url;`, /import.meta/],
    ["a namespace", `namespace N { export const x = 1 }`, /a namespace/],
    ["what is no module", `export const = ;`, /it is no module/],
  ] as const
) {
  Deno.test(`A plugin with ${what} is refused before any of it runs`, async () => {
    assert.match(await refusal({ "bad.ts": `${code}\nexport default {};` }), line);
  });
}

Deno.test("The word import() in a string, a regular expression or a comment is not an import()", async () => {
  const harmless = "// import('x')\nconst text = \"import('x')\", search = /import('x')/; void [text, search];";
  assert.equal(await refusal({ "toy.js": harmless + SMALL_PLUGIN }), "");
});

for (
  const [what, code] of [
    ["reads a file", `Deno.readTextFileSync("/etc/passwd")`],
    ["reads the environment", `Deno.env.get("HOME")`],
    ["runs a program", `new Deno.Command("true").outputSync()`],
    ["opens a socket", `fetch("http://127.0.0.1:1/")`],
    ["starts a Worker of its own", `new Worker("data:text/javascript,1", { type: "module" })`],
    ["makes code of text", `new Function("return 1")()`],
    ["makes code of text by a constructor", `(() => {}).constructor("return 1")()`],
    ["makes code of text by an async constructor", `(async () => {}).constructor("return import('file:///x.json')")()`],
    ["evaluates text", `eval("1")`],
    ["lets a timer evaluate text", `setTimeout("1", 0)`],
    ["asks node for a module", `process.getBuiltinModule("fs")`],
    ["asks for a module by require", `require("node:fs")`],
  ] as const
) {
  Deno.test(`A plugin that ${what} is stopped and named, on loading and in a call`, async () => {
    const at_once = await refusal({ "bad.js": `${code};\n${SMALL_PLUGIN}` });
    assert.match(at_once, /its default export threw: .*bad\.js: \w*Error/);
    const later = await refusal({
      "bad.js": changed("readProbe: () => ({})", `readProbe: () => ({ version: ${code} })`),
    }, (
      adapter,
    ) => adapter.readProbe([]));
    assert.match(later, /its readProbe threw/);
  });
}

Deno.test("A plugin that does not return is stopped and named, wherever it hangs", async () => {
  assert.match(await refusal({ "bad.js": `for (;;);\n${SMALL_PLUGIN}` }), /loading it did not end within/);
  const hangs = changed("readProbe: () => ({})", "readProbe: () => { for (;;); }");
  assert.match(
    await refusal({ "bad.js": hangs }, (adapter) => adapter.readProbe([])),
    /its readProbe did not end within/,
  );
});

Deno.test("A stopped plugin is never called again", async () => {
  const hangs = changed("readProbe: () => ({})", "readProbe: () => { for (;;); }");
  const printed = await refusal({ "bad.js": hangs }, (adapter) => {
    assert.throws(() => adapter.readProbe([]), /did not end/);
    return adapter.probe();
  });
  assert.match(printed, /it was stopped/);
});

for (
  const [from, to, line] of [
    ["apiVersion: 1", "apiVersion: 2", /apiVersion/],
    ['name: "toy"', 'name: "Toy Scheduler"', /name: wanted small letters/],
    ['programs: ["toysub"]', 'programs: ["bash"]', /programs\.0: "bash" runs whatever it is given/],
    ['programs: ["toysub"]', 'programs: ["/usr/bin/toysub"]', /programs\.0: "\/usr\/bin\/toysub" is no bare name/],
    ['programs: ["toysub"]', "programs: []", /programs/],
    ["toy-queue", "config", /options\.0\.name: wanted a name that begins with "toy-"/],
    ['type: "string"', 'type: "text"', /options\.0\.type/],
    ["first_index: 0", "first_index: 0, first: 1", /limits.*first/],
    ["readFind: () => ok(null)", "reedFind: () => ok(null)", /it has no function "readFind"/],
    ["readCancel: () => ok(null)", "readCancel: () => ok(null), readAll: () => 1", /a function "readAll"/],
    ["probe: () => []", "probe: 1", /it has no function "probe"/],
  ] as const
) {
  Deno.test(`A plugin with ${to} instead of ${from} is refused, and the member is named`, async () => {
    assert.match(await refusal({ "bad.js": changed(from, to) }), line);
  });
}

for (
  const [from, to, line] of [
    [
      'path: "toy_job.sh"',
      'path: "../toy_job.sh"',
      /its render returned a wrong value: .*files\.0\.path.*without \.\./,
    ],
    ['path: "toy_job.sh"', 'path: "/etc/toy_job.sh"', /files\.0\.path/],
    ['path: "toy_job.sh"', 'path: "manifest.json"', /a name that belongs to the run itself/],
    ['path: "toy_job.sh"', 'path: "shard_0.out.json"', /a name that belongs to the run itself/],
    ["executable: true", "", /files\.0\.executable/],
    ["warnings: [],", "warnings: [], more: 1,", /more/],
    ["chunks: [{ index: 0, shards }]", "chunks: []", /chunks/],
    ["chunks: [{ index: 0, shards }]", "chunks: [{ index: 0, shards, tasks: [] }]", /tasks: wanted one number/],
  ] as const
) {
  Deno.test(`A plugin that renders ${to || "no executable"} instead of ${from} is named with the member`, async () => {
    assert.match(await refusal({ "bad.js": changed(from, to) }, (adapter, context) => adapter.render(context)), line);
  });
}

Deno.test("A command with a program that the plugin did not declare is refused", async () => {
  const bad = changed('argv: ["toysub", "-N", token]', 'argv: ["rm", "-rf", "/"]');
  const printed = await refusal({ "bad.js": bad }, (adapter, context) => {
    return adapter.submit(context, { index: 0, shards: [0] }, "0123456789abcdef");
  });
  assert.match(printed, /its submit returned a wrong value: argv\.0: runs "rm", wanted one of its programs: toysub/);
});

Deno.test("An error of kind usage is the user's fault, any other the plugin's", async () => {
  const thrower = (error: string) => ({
    "bad.js": changed("render: (", `render() { throw ${error}; }, unused: (`).replace(
      /unused: \([\s\S]*?\n {2}\}\),/,
      "",
    ),
  });
  const render = (adapter: ReturnType<typeof startPlugin>["adapter"], context: RenderContext) =>
    adapter.render(context);
  assert.equal(
    await refusal(
      thrower(`Object.assign(new Error("Cannot use --toy-queue"), { kind: "usage", next: "Take another" })`),
      render,
    ),
    "Cannot use --toy-queue Take another",
  );
  assert.match(await refusal(thrower(`new TypeError("x is no y")`), render), /its render threw: x is no y/);
});

Deno.test("Files that other users can write or replace are refused", async () => {
  await withFiles({ "toy.js": SMALL_PLUGIN, "more.js": `export { default } from "./toy.js";` }, async (folder) => {
    const file = join(folder, "toy.js");
    await chmod(file, 0o664);
    assert.throws(() => readPlugin(file, TRUSTED), /users other than its owner can write to ".*toy\.js"/);
    assert.throws(() => readPlugin(join(folder, "more.js"), TRUSTED), /toy\.js": users other than its owner can write/);
    await chmod(file, 0o644);
    await chmod(folder, 0o777);
    assert.throws(() => readPlugin(file, TRUSTED), /users other than its owner can write to ".*nsfarm-plugin-[^/]*"/);
    await chmod(folder, 0o1777);
    assert.equal(
      readPlugin(file, TRUSTED).entry,
      file,
      "nobody can put another file in its place in a folder like /tmp",
    );
  });
});

Deno.test("Files of untrusted users, and links to them, are refused", async () => {
  await withFiles({ "toy.js": SMALL_PLUGIN }, async (folder) => {
    const file = join(folder, "toy.js");
    await symlink(file, join(folder, "link.js"));
    assert.equal(readPlugin(join(folder, "link.js"), TRUSTED).entry, file);
    const nobody = new Set([4_000_000]);
    assert.throws(() => readPlugin(file, nobody), /belongs to user \d+: wanted root/);
    await mkdir(join(folder, "open"));
    await symlink(file, join(folder, "open", "link.js"));
    await chmod(join(folder, "open"), 0o777);
    assert.throws(() => readPlugin(join(folder, "open", "link.js"), TRUSTED), /can write to ".*open"/);
  });
});

Deno.test("No file in a run directory is a plugin, however deep it lies and whatever links to it", async () => {
  await withFiles({ "toy.js": SMALL_PLUGIN }, async (folder) => {
    await mkdir(join(folder, "run", "below"), { recursive: true });
    await link(join(folder, "toy.js"), join(folder, "run", "below", "toy.js"));
    await symlink(join(folder, "run", "below", "toy.js"), join(folder, "link.js"));
    const manifest = join(folder, "run", "manifest.json");
    await writeFile(manifest, `{ "schema_version": "nextstat.cpu_farm_unbinned_fit_toys_run.v1" }`);
    for (const name of ["run/below/toy.js", "link.js"]) {
      assert.throws(() => readPlugin(join(folder, name), TRUSTED), /it is inside the run directory/);
    }
    await rename(manifest, `${manifest}.old`);
    assert.ok(readPlugin(join(folder, "link.js"), TRUSTED));
  });
});

Deno.test("Shells, interpreters and programs that run others are recognized; a scheduler's own programs are not among them", () => {
  for (
    const name of [
      "sh",
      "bash",
      "dash",
      "zsh",
      "python3",
      "python3.11",
      "perl",
      "env",
      "ssh",
      "sudo",
      "awk",
      "xargs",
      "nice",
      "node",
      "deno",
      "busybox",
      "make",
    ]
  ) {
    assert.ok(runsAnything(name), name);
  }
  for (
    const name of [
      "qsub",
      "qstat",
      "qacct",
      "qdel",
      "bsub",
      "sbatch",
      "squeue",
      "condor_submit",
      "oarsub",
      "tsp",
      "flux",
      "hq",
      "pjsub",
      "ccc_msub",
      "at",
      "atq",
    ]
  ) {
    assert.ok(!runsAnything(name) && isBareName(name), name);
  }
  for (const name of ["./qsub", "/usr/bin/qsub", "", "-qsub", "qsub x"]) assert.ok(!isBareName(name), name);
});
