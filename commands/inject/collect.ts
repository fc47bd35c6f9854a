import { INJECT } from "../../runtime/scan/inject_runs.ts";
import { defineCommand, defineFlags } from "../flags.ts";
import { collectPoints } from "../scan/steps.ts";
import { INJECT_JSON, readInjectJson } from "./inject_flags.ts";

export default defineCommand({
  flags: defineFlags(INJECT_JSON),
  needs: ["read", "write"],
  run: ({ flags, out }) => collectPoints(INJECT, readInjectJson(flags), out),
});
