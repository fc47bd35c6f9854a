import { collectPoint } from "../../host/sweep/finish_point.ts";
import type { CommandSpec } from "../command.ts";
import { eachPoint } from "./each_point.ts";
import { defineSweepJson, readSweepJson } from "./sweep_flags.ts";

const collect: CommandSpec = {
  name: "sweep collect",
  needs: ["read", "write"],
  define: defineSweepJson,
  run: ({ options, out }) => eachPoint(readSweepJson(options), collectPoint, out),
};
export default collect;
