import { existsSync } from "node:fs";
import { amountOf } from "../../support/amount.ts";
import { Schedules } from "../support/nfs/schedules.ts";

/** Seeds of schedules that failed once. */
const ONCE_FAILED = [1212, 1293, 2336, 5778, 8193, 9699];

/** Runs one schedule alone: NSFARM_SCHEDULE=SEED ./dev test client_caches */
const ONLY = Deno.env.get("NSFARM_SCHEDULE");

Deno.test({
  name:
    "Schedules of workers and a collector on clients of one file server, changing places at every call, with stale " +
    "caches, lost answers, outages and deaths: no shard is left, none is committed twice, nobody stays (needs /dev/shm)",
  ignore: !existsSync("/dev/shm"),
  fn: async () => {
    const count = amountOf("schedules of clients", { quick: 100, usual: 500, all: 10_000 });
    const schedules = new Schedules();
    schedules.open();
    try {
      if (ONLY !== undefined) return await schedules.run(Number(ONLY));
      for (let seed = 0; seed < count; seed++) await schedules.run(seed);
      for (const seed of ONCE_FAILED) await schedules.run(seed);
    } finally {
      schedules.close();
    }
  },
});
