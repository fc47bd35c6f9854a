import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { suggest } from "../../../core/describe_limits.ts";
import { readProfile } from "../../../runtime/output/profile.ts";
import { writeProfile } from "../../../runtime/output/write_profile.ts";
import { trustedUsers } from "../../../runtime/plugin/trust.ts";
import slurm from "../../../schedulers/slurm.ts";
import { inFolder } from "../../support/scratch.ts";

const place = { name: "main", state: "up", nodes: 2, cpus: 8, memory_mb: 4000, time_limit: "1-00:00:00" };

Deno.test("a profile names the partition that was found, its longest time, and the suggested shards", () =>
  inFolder(async (folder) => {
    const path = join(folder, "p.jsonc");
    const limits = {
      places: [{ ...place, name: "small", cpus: 4 }, place, { ...place, name: "off", state: "down", cpus: 99 }],
    };
    await writeProfile(path, slurm, { limits, suggestion: suggest(limits), found: "slurm 24\n  main up" });
    const { scheduler, options } = await readProfile(path, trustedUsers());
    assert.deepEqual([scheduler, options], ["slurm", {
      ...{ "slurm-cpus-per-task": 1, "shards-per-job": 1 },
      ...{ "slurm-partition": "main", "slurm-time": "1-00:00:00", shards: 24 },
    }]);
    assert.match(await readFile(path, "utf8"), /^\/\/ {3}slurm 24\n\/\/ {5}main up$/m);
  }));

Deno.test("unknown values are left out of the profile", () =>
  inFolder(async (folder) => {
    const path = join(folder, "p.jsonc");
    const limits = { places: [{ ...place, time_limit: null }] };
    await writeProfile(path, slurm, { limits, suggestion: null, found: "" });
    const { options } = await readProfile(path, trustedUsers());
    assert.deepEqual(Object.keys(options ?? {}), ["slurm-cpus-per-task", "shards-per-job", "slurm-partition"]);
  }));

Deno.test("a profile begins from the shipped one of such a site, with what the probe found besides", () =>
  inFolder(async (folder) => {
    const path = join(folder, "p.jsonc");
    const limits = { places: [place], enforced: ["associations", "limits", "qos"] };
    await writeProfile(path, slurm, { limits, suggestion: suggest(limits), found: "slurm 24" });
    const { scheduler, options } = await readProfile(path, trustedUsers());
    assert.equal(scheduler, "slurm");
    assert.deepEqual([options?.["slurm-account"], options?.["slurm-qos"]], ["PROJECT", "regular"]);
    assert.deepEqual([options?.["slurm-partition"], options?.["slurm-time"]], ["main", "02:00:00"]);
    const text = await readFile(path, "utf8");
    assert.match(text, /^\/\/ {3}It begins from profiles\/slurm-qos-account\.jsonc:$/m);
    assert.match(text, /^\/\/ {3}https:\/\/docs\.nersc\.gov\/jobs\/policy\//m);
  }));
