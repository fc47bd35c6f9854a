import { INJECT } from "../../runtime/scan/inject_runs.ts";
import { type CommandSpec, defineFlags } from "../flags.ts";
import { collectPoints } from "../scan/steps.ts";
import { INJECT_JSON, readInjectJson } from "./inject_flags.ts";

const collectFlags = defineFlags(INJECT_JSON);

const collect: CommandSpec = {
  needs: ["read", "write"],
  define: collectFlags.define,
  run: ({ options, out }) => collectPoints(INJECT, readInjectJson(collectFlags.read(options)), out),
};
export default collect;
