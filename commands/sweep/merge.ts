import { mergePoint } from "../../runtime/sweep/finish_point.ts";
import type { CommandSpec } from "../flags.ts";
import { eachPoint } from "./each_point.ts";
import { readSweepJson, sweepJsonFlag } from "./sweep_flags.ts";

const merge: CommandSpec = {
  name: "sweep merge",
  needs: ["read", "write"],
  define: sweepJsonFlag.define,
  run: ({ options, out }) => eachPoint(readSweepJson(options), mergePoint, out),
};
export default merge;
