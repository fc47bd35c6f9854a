import { existsSync } from "node:fs";
import { amountOf } from "../support/amount.ts";
import { runSchedules } from "./support/claims_schedule.ts";

Deno.test({
  name: "Schedules of workers that stop, die and come back, on a disk that errs after success: no shard is " +
    "left, none is committed twice, nothing of the dead stays (needs /dev/shm)",
  ignore: !existsSync("/dev/shm"),
  fn: () => runSchedules(amountOf("schedules of claims", { quick: 100, usual: 300, all: 1000 }), 1000, false),
});
