import { defineCommand, defineFlags } from "../flags.ts";
import { adapterOfScan } from "../scan/steps.ts";
import { INJECT_JSON, readInjectJson, readThresholds, THRESHOLD_FLAGS } from "./inject_flags.ts";
import { driveInject, reportInject } from "./summarize.ts";

export default defineCommand({
  flags: defineFlags({ ...INJECT_JSON, ...THRESHOLD_FLAGS }),
  schedulers: true,
  run: async ({ flags, out }) => {
    const open = readInjectJson(flags);
    return await driveInject(open, await adapterOfScan(open), out) ?? reportInject(open, readThresholds(flags), out);
  },
});
