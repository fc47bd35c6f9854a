import assert from "node:assert/strict";
import { changeOptions, requestDifference } from "../../core/request.ts";
import { cutShards } from "../../core/toys.ts";
import { sampleManifest } from "../fixtures/run.ts";

const manifest = sampleManifest({ farm: { set: { mu: 1, tau: 2 } } });

/** A request for that very run. */
const ASKED: Parameters<typeof requestDifference>[1] = {
  scheduler: "local",
  config: "/specs/spec.json",
  n_toys: 20,
  seed: 42,
  threads: 1,
  shards: 4,
  shard_minutes: null,
  nextstat_bin: "/bin/nextstat",
  gen: "init",
  set: { tau: 2, mu: 1 },
  freeze_gen: false,
  starts: null,
  workload: "fit-toys",
  mu: null,
  pulls: false,
  guardrails: { poi_pull_std_range: null, max_abs_poi_pull_mean: null, require_all_converged: false },
  extra_args: [],
  wrapper: "binary",
  mode: "shared",
  pilots: null,
  options: manifest.farm.options,
};

Deno.test("another value of a scheduler option is another run; a change by retry is not", () => {
  const run = { ...manifest, farm: { ...manifest.farm, options: { "slurm-time": "1:00" } } };
  const asked = { ...ASKED, options: { "slurm-time": "1:00" } };
  assert.equal(requestDifference(run, asked), null);
  assert.equal(
    requestDifference(run, { ...asked, options: { "slurm-time": "2:00" } }),
    "it has --slurm-time 1:00, you gave 2:00",
  );
  assert.equal(
    requestDifference(run, { ...asked, options: {} }),
    "it has --slurm-time 1:00, you gave none",
  );
  const more = { ...asked, options: { ...asked.options, "slurm-qos": "long" } };
  assert.equal(requestDifference(run, more), "it has no --slurm-qos, you gave long");
  const retried = changeOptions(run, { "slurm-time": "2:00" }, "retried", "2026-11-24T20:00:00.000Z");
  assert.equal(requestDifference(retried, asked), null);
  const twice = changeOptions(retried, { "slurm-time": "4:00" }, "retried", "2026-11-24T21:00:00.000Z");
  assert.equal(requestDifference(twice, asked), null);
});

Deno.test("the same request is the same run in any order of its members", () => {
  assert.equal(requestDifference(manifest, ASKED), null);
});

Deno.test("a run that was cut or extended since is still the requested one", () => {
  const cut = cutShards(manifest, [0], "2026-11-24T20:00:00.000Z");
  assert.equal(requestDifference({ ...cut, n_toys: 25 }, ASKED), null);
});

for (
  const [name, value, words] of [
    ["config", "/other.json", "--config /specs/spec.json, you gave /other.json"],
    ["n_toys", 30, "--n-toys 20, you gave 30"],
    ["seed", 43, "--seed 42, you gave 43"],
    ["shards", 5, "--shards 4, you gave 5"],
    ["threads", 2, "--threads 1, you gave 2"],
    ["scheduler", "slurm", "--scheduler local, you gave slurm"],
    ["nextstat_bin", "/x", "--nextstat-bin /bin/nextstat, you gave /x"],
    ["gen", "mle", "--gen init, you gave mle"],
    ["set", { mu: 1 }, "--set mu=1 tau=2, you gave mu=1"],
    ["freeze_gen", true, "no --freeze-gen, you gave it"],
    ["pulls", true, "no --pulls, you gave it"],
    ["extra_args", ["--x"], "no --extra-arg, you gave --x"],
    ["wrapper", "sh", "--wrapper binary, you gave sh"],
    ["mode", "transfer", "--mode shared, you gave transfer"],
  ] as const
) {
  Deno.test(`another ${name} is another run, and both values are reported`, () => {
    assert.equal(requestDifference(manifest, { ...ASKED, [name]: value }), `it has ${words}`);
  });
}

Deno.test("another number of pilots is another run, also pilots instead of none", () => {
  const run = { ...manifest, farm: { ...manifest.farm, pilots: 2 } };
  assert.equal(requestDifference(run, { ...ASKED, pilots: 3 }), "it has --pilots 2, you gave 3");
  assert.equal(requestDifference(run, ASKED), "it has --pilots 2, you gave none");
  assert.equal(requestDifference(manifest, { ...ASKED, pilots: 2 }), "it has no --pilots, you gave 2");
});

Deno.test("another time of a shard is another run, also a number of shards in its place; its own number is none", () => {
  const run = { ...manifest, farm: { ...manifest.farm, shard_minutes: 10 } };
  assert.equal(requestDifference(run, { ...ASKED, shard_minutes: 10, shards: 1 }), null);
  assert.equal(requestDifference(run, { ...ASKED, shard_minutes: 20 }), "it has --shard-minutes 10, you gave 20");
  assert.equal(requestDifference(run, ASKED), "it has --shard-minutes 10, you gave none");
  assert.equal(requestDifference(manifest, { ...ASKED, shard_minutes: 5 }), "it has no --shard-minutes, you gave 5");
});

Deno.test("other guardrails are another run", () => {
  const guardrails = { ...ASKED.guardrails, require_all_converged: true };
  assert.equal(
    requestDifference(manifest, { ...ASKED, guardrails }),
    "its guardrails are none; you gave all toys converged",
  );
});
