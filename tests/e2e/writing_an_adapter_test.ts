import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mustRun, requestArgs, runDir } from "../support/farm.ts";
import { whyNotInstalled } from "../support/packages.ts";
import { countDone, readRecord } from "../support/run_dir.ts";
import { inFolder, processesOf, until } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";
import { assertSameToys, readJson, unsharded } from "../support/toys.ts";

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const page = await readFile(root("docs/writing-an-adapter.md"), "utf8");
const code = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text).join("\n");

const hasTsp = new Deno.Command("sh", { args: ["-c", "command -v tsp"], stdout: "null" }).outputSync().success;
const whyNoTsp = hasTsp ? "" : whyNotInstalled("task-spooler");

async function written(folder: string): Promise<string> {
  const file = join(folder, "tsp.ts");
  await writeFile(file, code, { mode: 0o644 });
  return file;
}

Deno.test("The adapter of the page is about 100 lines long, has the right types, and keeps the contract", async () => {
  const lines = code.split("\n").filter((line) => line.trim() !== "" && !/^\s*(\/\/|\/\*\*)/.test(line));
  assert.ok(lines.length >= 60 && lines.length <= 105, `${lines.length} lines of code`);
  await inFolder(async (folder) => {
    const file = await written(folder);
    const types = new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", "--config", root("deno.json"), file],
    });
    const { success, stderr } = await types.output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const { stdout } = await mustRun(folder, ["plugin", "check", file]);
    assert.match(stdout, /would run, to submit: tsp -n -L nsfarm-0123456789abcdef /);
  });
});

Deno.test({
  name: `The adapter of the page runs 8 shards on the real tsp, and retries what failed${
    whyNoTsp && ` (left out: ${whyNoTsp})`
  }`,
  ignore: whyNoTsp !== "",
  fn: () =>
    inFolder(async (folder) => {
      const file = await written(folder);
      const env = { TS_SOCKET: join(folder, "socket"), TS_SLOTS: "2", TS_MAXFINISHED: "1000" };
      try {
        const { path } = await standIn(folder, '[ "$shard.$attempt" != 3.1 ] || exit 7');
        const words = ["--plugin", file, "--scheduler", "tsp"];
        const request = requestArgs(folder, { toys: 80, shards: 8, nextstat: path });
        await mustRun(folder, ["run", ...words, ...request], 5, { env });
        assert.equal(await countDone(runDir(folder)), 7);
        await mustRun(folder, ["retry", "--plugin", file, runDir(folder), "--wait"], 0, { env });
        assert.equal((await readRecord(runDir(folder), 3)).environment["TSP_SLOTS"], "1");
        assertSameToys(await readJson(join(runDir(folder), "merged.out.json")), await unsharded(folder, 80));
      } finally {
        await new Deno.Command("tsp", { args: ["-K"], env }).output();
        const isTsp = ({ command }: { command: string }) => /^(\S*\/)?tsp\b/.test(command);
        await until("task spooler has ended", async () => !(await processesOf(folder)).some(isTsp));
      }
    }),
});
