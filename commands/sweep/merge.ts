import { mergePoint } from "../../host/sweep/finish_point.ts";
import type { CommandSpec } from "../command.ts";
import { eachPoint } from "./each_point.ts";
import { defineSweepJson, readSweepJson } from "./sweep_flags.ts";

const merge: CommandSpec = {
  name: "sweep merge",
  needs: ["read", "write"],
  define: defineSweepJson,
  run: ({ options, out }) => eachPoint(readSweepJson(options), mergePoint, out),
};
export default merge;
