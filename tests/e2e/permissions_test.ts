import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { TABLE, type TableRow } from "../../commands/table.ts";
import { PERMISSIONS } from "../../runtime/system/process.ts";
import { root } from "../../scripts/tools.ts";
import { binary } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";

/** What the runtime was told when the program was compiled: the last thing of that name in the file. */
async function embeddedPermissions(): Promise<Record<string, unknown>> {
  const bytes = await readFile(binary());
  const at = bytes.lastIndexOf('"permissions":{');
  assert(at > 0, "the program holds its permissions");
  const text = new TextDecoder().decode(bytes.subarray(at, at + 4000));
  const end = text.indexOf("}");
  return JSON.parse(text.slice('"permissions":'.length, end + 1));
}

Deno.test("the program is compiled with the five kinds of permission, and no network, libraries or remote code", async () => {
  const given = await embeddedPermissions();
  const { allow_all, prompt, allow_net, deny_net, allow_ffi, deny_ffi, deny_import } = given;
  // null: not given; an empty list: all of it.
  assert.deepEqual({ allow_all, prompt, allow_net, allow_ffi }, {
    allow_all: false,
    prompt: false,
    allow_net: null,
    allow_ffi: null,
  });
  assert.deepEqual({ deny_net, deny_ffi, deny_import }, { deny_net: [], deny_ffi: [], deny_import: [] });
  for (const kind of PERMISSIONS) assert.deepEqual(given[`allow_${kind}`], [], kind);
});

// Unix sockets are no network: Deno lets whoever may read and write a path connect to it.
/** Runs a command up to the point where it would act, and tries everything there instead. */
const PROBE = `
import { runCommandLine } from ${JSON.stringify(pathToFileURL(join(root, "commands/program.ts")).href)};
import { TABLE } from ${JSON.stringify(pathToFileURL(join(root, "commands/table.ts")).href)};
const [name, ...words] = Deno.args;
const { default: spec } = await TABLE.find((row) => row.name === name).load();
async function can(act) {
  try {
    await act();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return false;
    throw error;
  }
}
const HERE = import.meta.dirname;
spec.run = async () => {
  console.log(JSON.stringify({
    read: await can(() => Deno.readTextFileSync("/etc/hostname")),
    write: await can(() => Deno.writeTextFileSync(HERE + "/tmp/written", "")),
    run: await can(() => new Deno.Command("true").outputSync()),
    env: await can(() => Deno.env.get("PATH")),
    sys: await can(() => Deno.hostname()),
    connect: await can(() => Deno.connect({ hostname: "127.0.0.1", port: 9 })),
    listen: await can(() => Deno.listen({ port: 0 }).close()),
    fetch: await can(() => fetch("http://127.0.0.1:9/")),
    ffi: await can(() => Deno.dlopen("libc.so.6", {})),
  }));
  return 0;
};
Deno.exit(await runCommandLine([name, ...words]));
`;

for (const row of TABLE) {
  Deno.test(`${row.name} has the permissions of the table, and no others`, () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, "probe.js"), PROBE);
      const kinds = PERMISSIONS.map((kind) => `--allow-${kind}`);
      const flags = ["--no-prompt", "--no-check", "--no-lock", "--config", join(root, "deno.json"), ...kinds];
      const denied = ["--deny-net", "--deny-ffi"];
      const args = ["run", ...flags, ...denied, join(folder, "probe.js"), row.name, ...wordsFor(row)];
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
      assert(success, new TextDecoder().decode(stderr));
      const { default: { needs } } = await row.load();
      const wanted = Object.fromEntries(PERMISSIONS.map((kind) => [kind, needs.includes(kind)]));
      const never = { connect: false, listen: false, fetch: false, ffi: false };
      assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), { ...wanted, ...never });
      await Deno.remove(join(folder, "tmp", "written")).catch(() => {});
    }));
}

/** What must be there for a command to begin. */
function wordsFor({ name, args }: TableRow): string[] {
  const run = ["--config", "x", "--n-toys", "1"];
  if (name === "run" || name === "render") return run;
  if (name === "sweep run" || name === "sweep render") return [...run, "--shards-list", "1"];
  if (name === "limit run" || name === "limit render") {
    return [...run, "--workload", "hypotest-toys", "--mu", "1,2"];
  }
  if (name === "inject run" || name === "inject render") return [...run, "--inject", "mu=1,2"];
  if (name.startsWith("inject ")) return ["--inject-json", "x"];
  if (name.startsWith("limit ")) return ["--limit-json", "x"];
  if (name.startsWith("sweep ")) return ["--sweep-json", "x"];
  if (name === "plan") return ["--from", "x"];
  if (name === "extend") return ["0", "--n-toys", "+1"];
  if (name === "export") return ["0", "--format", "csv"];
  if (name === "preflight") return ["--scheduler", "local"];
  return args.split(" ").filter((word) => word !== "").map(() => "0");
}

Deno.test("commands that only read, merge or pack cannot run a program; logs, verify and schema cannot write", async () => {
  const needs = new Map(
    await Promise.all(TABLE.map(async (row) => [row.name, (await row.load()).default.needs] as const)),
  );
  const reading = ["verify", "logs", "schema", "report", "archive", "sweep collect", "sweep merge", "sweep summarize"];
  const injecting = ["inject collect", "inject summarize"];
  // collect may run a program: it fetches the results that a scheduler keeps.
  for (const name of ["merge", "export", "limit collect", "limit summarize", ...injecting, ...reading]) {
    assert.equal(needs.get(name)?.includes("run"), false, `${name} runs nothing`);
  }
  for (const name of ["verify", "logs", "schema"]) {
    assert.equal(needs.get(name)?.includes("write"), false, `${name} writes nothing`);
  }
});
