import type { RunRequest } from "../../../core/request.ts";
import type { LimitRequest } from "../../../runtime/scan/limit_runs.ts";
import { NO_GUARDRAILS } from "../../../core/merge/guardrails.ts";
import { nextstat } from "../../support/farm.ts";
import { writeWorkspace } from "../../support/workspace.ts";

/** Returns the request of a limit with two points of ten toys. */
export async function askedLimit(folder: string): Promise<LimitRequest> {
  const request: RunRequest = {
    ...{ scheduler: "local", config: await writeWorkspace(folder), n_toys: 10, seed: 7, shards: 2, threads: 1 },
    ...{ nextstat_bin: nextstat(), out_dir: folder, run_id: "l", workload: "hypotest-toys", mu: 0.5, gen: "init" },
    ...{
      set: {},
      freeze_gen: false,
      starts: null,
      check_starts: 0,
      pulls: false,
      guardrails: NO_GUARDRAILS,
      extra_args: [],
      wrapper: "binary",
    },
    ...{ mode: "shared", pilots: null, shard_minutes: null, options: {}, check: false },
  };
  return { limit_id: "l", mus: [0.5, 1], seed_stride: 1000, request };
}
