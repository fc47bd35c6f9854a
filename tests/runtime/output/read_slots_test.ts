import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PREFLIGHT_SCHEMA } from "../../../core/schema/preflight.ts";
import { preflightSlots } from "../../../runtime/output/slots.ts";
import { inFolder } from "../../support/scratch.ts";

async function slotsOf(stats: object[], threads: number) {
  let slots: unknown;
  await inFolder(async (folder) => {
    const path = join(folder, "preflight.json");
    await writeFile(path, JSON.stringify({ schema_version: PREFLIGHT_SCHEMA, stats }));
    slots = preflightSlots(path, threads);
  });
  return slots;
}

Deno.test("a usable host has a slot for each physical core, else for each logical one, divided by the threads", async () => {
  const stats = [
    { host: "a", ok: true, physical_cores: 9, logical_cores: 18 },
    { host: "b", ok: true, physical_cores: null, logical_cores: 4 },
    { host: "down", ok: false, physical_cores: 64 },
    { host: "unknown", ok: true },
  ];
  assert.deepEqual(await slotsOf(stats, 2), [{ host: "a", slots: 4 }, { host: "b", slots: 2 }]);
  assert.deepEqual(await slotsOf(stats, 0), [{ host: "a", slots: 9 }, { host: "b", slots: 4 }]);
});

Deno.test("a preflight without a usable host makes no plan, and a file that is no preflight is refused", async () => {
  await assert.rejects(slotsOf([{ host: "down", ok: false, physical_cores: 64 }], 1), {
    kind: "input",
    message: /none of its hosts is usable/,
  });
  await assert.rejects(slotsOf([{ host: "small", ok: true, physical_cores: 2 }], 4), { kind: "input" });
  await assert.rejects(slotsOf([{ name: "a" }], 1), { kind: "input", next: /nsfarm-deno preflight/ });
});
