import { existsSync } from "node:fs";
import { amountOf } from "../support/amount.ts";
import { runSchedules } from "./support/claims_schedule.ts";

Deno.test({
  name:
    "Schedules of workers on clients of one file server that keep names, absences and attributes in mind, and lose " +
    "answers: no shard is left, none is committed twice, nobody stays when all is done (needs /dev/shm)",
  ignore: !existsSync("/dev/shm"),
  fn: () => runSchedules(amountOf("schedules of clients", { quick: 100, usual: 500, all: 10_000 }), 10_000, true),
});
