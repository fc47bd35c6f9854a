import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { profileFlags } from "../../../core/profile.ts";
import type { Place, SchedulerLimits } from "../../../core/schema/scheduler.ts";
import { profileOfText } from "../../../runtime/output/profile.ts";
import { headOf, shippedFor } from "../../../runtime/output/write_profile.ts";
import { loadAdapter } from "../../../runtime/scheduler/adapters.ts";

const FOLDER = fileURLToPath(new URL("../../../profiles", import.meta.url));

const place = (name: string, more: Partial<Place> = {}): Place => ({
  ...{ name, state: "up", nodes: 1, cpus: 4, memory_mb: 8192, time_limit: null },
  ...more,
});

for (const name of await readdir(FOLDER)) {
  Deno.test(`${name} is a profile whose options its scheduler has, and names a page and the day when it was read`, async () => {
    const text = await readFile(join(FOLDER, name), "utf8");
    const profile = await profileOfText(name, text);
    const adapter = await loadAdapter(profile.scheduler ?? "");
    const options = adapter.options.map((option) => option.name);
    const flags = profileFlags(name, profile, { name: adapter.name, options, shared: ["threads", "shards"] });
    assert.ok(flags.length > 0);
    const head = headOf({ text }).join("\n");
    assert.match(head, /https:\/\/\S+ \(read(?: in part,)? \d+ \w+ \d{4}\)/);
  });
}

for (
  const { what, scheduler, limits, file } of [
    {
      what: "a pool with machines of cern.ch",
      scheduler: "htcondor",
      limits: { places: [place("b7s01.cern.ch", { state: "claimed" })] },
      file: "profiles/cern-htcondor.jsonc",
    },
    { what: "another pool", scheduler: "htcondor", limits: { places: [place("e1.example.org")] }, file: undefined },
    {
      what: "a pool of a like name",
      scheduler: "htcondor",
      limits: { places: [place("cern.ch.org")] },
      file: undefined,
    },
    {
      what: "a Slurm that enforces QOS",
      scheduler: "slurm",
      limits: { enforced: ["associations", "limits", "qos"], places: [place("main")] },
      file: "profiles/slurm-qos-account.jsonc",
    },
    {
      what: "a Slurm of whole nodes",
      scheduler: "slurm",
      limits: { places: [place("compute", { whole_nodes: true })] },
      file: "profiles/slurm-whole-nodes.jsonc",
    },
    {
      what: "a Slurm with a shared partition too",
      scheduler: "slurm",
      limits: { places: [place("compute", { whole_nodes: true }), place("shared")] },
      file: undefined,
    },
    { what: "a Slurm that says nothing", scheduler: "slurm", limits: {}, file: undefined },
  ] satisfies { what: string; scheduler: string; limits: SchedulerLimits; file: string | undefined }[]
) {
  Deno.test(`for ${what} ${file ?? "no shipped profile"} fits`, () => {
    assert.equal(shippedFor(scheduler, limits)?.file, file);
  });
}
