import { createHash } from "node:crypto";
import type { Remedies } from "../../../core/advice.ts";
import { pageHtml, SORT_SCRIPT } from "../../../core/report/page.ts";
import { runPage } from "../../../core/report/run_report.ts";
import { sweepPage } from "../../../core/report/sweep_report.ts";
import type { RunFacts } from "../../../core/run_facts.ts";
import { summariseSweep } from "../../../core/sweep/summary.ts";
import { inWaves, sampleFacts } from "./sample_facts.ts";

export const EVIL = `<img src=x onerror="document.title='bad'">&'\u0000`;

export const RAISED: Remedies = { more_memory: "more", more_time: "more", refusal: null };

/** A run of two hosts with a failed shard, and toys with pulls. */
export function smallRun(host = "n2", run_id = "small"): RunFacts {
  const shards = [...inWaves(8, 4, 10, 50, ["n1", host]), { n_toys: 50, why: `exit 3: ${host}` }];
  const run = sampleFacts({ run_id, shards });
  const numbers = Float64Array.from({ length: 400 }, (_, i) => Math.sin(i * 12.9898) * 1.5);
  const span = {
    host,
    slot: null,
    started_ms: (run.submitted_ms ?? 0) + 20_000,
    finished_ms: (run.submitted_ms ?? 0) + 23_000,
  };
  return {
    ...run,
    failed_attempts: [{ shard_index: 8, cause: "exit", span }],
    toys: {
      poi_name: host === "n2" ? "mu" : host,
      poi_true: 1,
      poi_hat: numbers.map((x) => 1 + x / 50),
      pulls: numbers,
    },
  };
}

/** A sweep of three counts on two hosts, each count run so often. */
export function smallSweep(host = "n2", is_old = false, repeats = 2) {
  const sweep = {
    schema_version: "nextstat.pf32_shard_sweep.v1" as const,
    created_at_utc: "2026-11-24T18:00:00.000Z",
    sweep_id: host === "n2" ? "study" : host,
    scheduler: "slurm",
    config: `/specs/${host}`,
    n_toys: 400,
    seed: 42,
    threads: 1,
    nextstat_bin: "/bin/nextstat",
    out_root: "/runs",
    runs: [],
  };
  const points = [4, 8, 40].flatMap((shards) =>
    Array.from({ length: repeats }, (_, i) => i + 1).map((repeat) => {
      const run_id = `${host}_rep${repeat}_sh${shards}`;
      const all = inWaves(shards, 4, 40 / shards + repeat / 10, 400 / shards, ["n1", host]);
      const facts = sampleFacts({ run_id, shards: all, is_old });
      return { shards, repeat, run_id, run_dir: facts.run_dir, record: null, facts, fault: null };
    })
  );
  return summariseSweep(sweep, points, null);
}

/** A run on ssh hosts with long names, one of them unused, in which every kind of failure and finding is there. */
function brokenRun(): RunFacts {
  const hosts = ["root@127.0.0.1:2201", "farm-worker-17.physics.example.org", "n3", "n4", "n5", "n6", "n7", "n8", "n9"];
  const shards = [
    ...inWaves(36, 18, 7, 12_345, hosts),
    ...[1, 2, 3].map(() => ({
      n_toys: 12_345,
      why: "exit 3: failed to open /data/very/long/path/to/the/observed_events_of_run_2.parquet",
    })),
  ];
  const run = sampleFacts({ run_id: "a_run_with_a_rather_long_name_2026_11_25", scheduler: "ssh", shards });
  const causes = ["memory", "time", "exit"] as const;
  causes.forEach((cause, i) => Object.assign(run.shards[36 + i] ?? {}, { cause }));
  const begin = run.submitted_ms ?? 0;
  const attempts = causes.map((cause, i) => ({
    shard_index: 36 + i,
    cause,

    span: { host: hosts[i] ?? "", slot: null, started_ms: begin + 14_000, finished_ms: begin + 15_000 + i * 900 },
  }));
  return {
    ...run,
    run_dir: "/scratch/users/somebody/studies/validation/runs/a_run_with_a_rather_long_name_2026_11_25",
    failed_attempts: attempts,
    workload: "",
    unused_hosts: ["root@127.0.0.1:2299 was never used: ssh login failed"],
    merged_check: {
      state: "partial",
      guardrails_passed: false,
      findings: [
        { kind: "partial", what: "merged.out.json lacks 37035 of 481455 toys (shards 36-38)" },
        { kind: "guardrail", what: "guardrail failed: |mean pull| 0.0999 > max_abs_poi_pull_mean 0.0001" },
      ],
    },
    fits: {
      poi: "mu",
      poi_true: 1,
      poi_bounds: [0, 5],
      n_toys: 444_420,
      n_on_lower: 4000,
      n_on_upper: 0,
      findings: [{ kind: "lower_bound", value: 0, n: 4000, expected: 12.3, error: null }],
      warnings: [{ text: "the covariance matrix is not positive definite", n_shards: 7, n_lines: 91 }],
      n_shards: 36,
    },
  };
}

const whole = (run: RunFacts): RunFacts => ({
  ...run,
  shards: run.shards.slice(0, -1),
  n_toys: run.n_toys - 50,
  failed_attempts: [],
});

const SUM = createHash("sha256").update(SORT_SCRIPT).digest("base64");

/** Returns pages that differ in all that a page can have, by name. */
export function samplePages(): Record<string, string> {
  const page = (run: RunFacts) => pageHtml(runPage(run, RAISED), SUM, "made today");
  const sweep = (repeats: number) => pageHtml(sweepPage(smallSweep("n2", false, repeats)), SUM, "made today");
  return {
    whole_run: page(whole(smallRun())),
    run_without_pulls: page({ ...whole(smallRun()), toys: toysOf(smallRun(), false) }),
    broken_run: page(brokenRun()),
    old_run: page(sampleFacts({ shards: inWaves(4, 2, 5, 10), is_old: true })),
    sweep_with_repeats: sweep(3),
    sweep_once: sweep(1),
    old_sweep: pageHtml(sweepPage(smallSweep("n2", true)), SUM, "made today"),
  };
}

function toysOf({ toys }: RunFacts, with_pulls: boolean): RunFacts["toys"] {
  return toys && { ...toys, pulls: with_pulls ? toys.pulls : toys.pulls.map(() => NaN) };
}
