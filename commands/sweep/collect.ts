import { collectPoint } from "../../runtime/sweep/finish_point.ts";
import { defineCommand } from "../flags.ts";
import { eachPoint } from "./each_point.ts";
import { readSweepJson, sweepJsonFlag } from "./sweep_flags.ts";

export default defineCommand({
  needs: ["read", "write"],
  flags: sweepJsonFlag,
  run: ({ flags, out }) => eachPoint(readSweepJson(flags), collectPoint, out),
});
