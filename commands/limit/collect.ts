import { LIMIT } from "../../runtime/scan/limit_runs.ts";
import { defineCommand, defineFlags } from "../flags.ts";
import { collectPoints } from "../scan/steps.ts";
import { LIMIT_JSON, readLimitJson } from "./limit_flags.ts";

export default defineCommand({
  flags: defineFlags(LIMIT_JSON),
  needs: ["read", "write"],
  run: ({ flags, out }) => collectPoints(LIMIT, readLimitJson(flags), out),
});
