import { LIMIT } from "../../runtime/scan/limit_runs.ts";
import { type CommandSpec, defineFlags } from "../flags.ts";
import { collectPoints } from "../scan/steps.ts";
import { LIMIT_JSON, readLimitJson } from "./limit_flags.ts";

const collectFlags = defineFlags(LIMIT_JSON);

const collect: CommandSpec = {
  needs: ["read", "write"],
  define: collectFlags.define,
  run: ({ options, out }) => collectPoints(LIMIT, readLimitJson(collectFlags.read(options)), out),
};
export default collect;
