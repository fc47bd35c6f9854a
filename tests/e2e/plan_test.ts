import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ShardingPlan } from "../../core/schema/plan.ts";
import { mustRun, nsfarm, runArgs, runDir } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";
import { assertUserError } from "../support/user_error.ts";

Deno.test("a plan is made from a run, for its own slots, for others, and for the hosts of a preflight", () =>
  inFolder(async (folder) => {
    await mustRun(folder, runArgs(folder, { toys: 24, shards: 6, more: ["--local-slots", "2"] }));
    const plan = async (...more: string[]) =>
      ShardingPlan.parse(
        JSON.parse((await mustRun(folder, ["plan", "--from", runDir(folder), "--json", ...more])).stdout),
      );
    const own = await plan();
    assert.deepEqual([own.n_slots, own.n_toys, own.pilot.shards], [2, 24, 6]);
    assert(own.counts.some(({ shards }) => shards === own.recommended.shards));
    assert((own.terms.hosts[0]?.toy_s ?? 0) > 0 && (own.terms.hosts[0]?.startup_s ?? 0) > 0);
    const more = await plan("--slots", "5", "--n-toys", "1000", "--shards-list", "5,50");
    assert.deepEqual([more.n_slots, more.counts.map(({ shards }) => shards)], [5, [5, 50]]);
    const preflight = join(folder, "preflight.json");
    const stats = [
      { host: "a", ok: true, physical_cores: 3, logical_cores: 6 },
      { host: "b", ok: false, physical_cores: 8 },
      { host: "c", ok: true, logical_cores: 2 },
    ];
    await writeFile(preflight, JSON.stringify({ schema_version: "nextstat.cpu_farm_preflight.v1", stats }));
    const hosts = await plan("--hosts", preflight);
    assert.deepEqual(hosts.slots.map(({ host, slots }) => [host, slots]), [["a", 3], ["c", 2]]);
    const { stdout } = await mustRun(folder, ["plan", "--from", runDir(folder)]);
    assert.match(stdout, /Recommended: --shards \d+, time limit 00:03:00 per shard, memory \d+ MiB\nUncertainty ± /);
  }));

Deno.test("a plan that is impossible reports why", () =>
  inFolder(async (folder) => {
    await mustRun(folder, runArgs(folder, { toys: 4, shards: 2 }));
    const plan = (...more: string[]) => nsfarm(folder, ["plan", "--from", runDir(folder), ...more]);
    assertUserError(await plan("--probe", "slrum"), { code: 2, line: /Cannot use --probe "slrum": /, hint: /"slurm"/ });
    assertUserError(await nsfarm(folder, ["plan", "--from", join(folder, "none")]), {
      code: 3,
      line: /Cannot read the manifest/,
    });
    assertUserError(await plan("--slots", "2", "--probe", "slurm"), { code: 2, line: /more than one of --slots/ });
    assertUserError(await plan("--shards-list", "2,9"), {
      code: 2,
      line: /Cannot split 4 toys into 9 shards/,
      hint: /Use --shards-list 4 or fewer/,
    });
    assertUserError(await plan("--slots", "0"), { code: 2, line: /--slots "0"/ });
    assertUserError(await plan("--hosts", join(folder, "none.json")), { code: 3, line: /Cannot read the preflight/ });
    await mustRun(folder, ["render", ...runArgs(folder, { toys: 4, shards: 2, id: "new" }).slice(1)]);
    const line = /Cannot plan from the run "new": none of its shards/;
    assertUserError(await nsfarm(folder, ["plan", "--from", runDir(folder, "new")]), { code: 3, line });
  }));
