import { INJECT, injectScan } from "../../runtime/scan/inject_runs.ts";
import { defineFlags } from "../flags.ts";
import { openOrRender } from "../scan/steps.ts";
import { defineRenderCommand } from "../scheduler_flags.ts";
import { injectFlags, readInjectRequest, readThresholds, THRESHOLD_FLAGS } from "./inject_flags.ts";
import { driveInject, reportInject } from "./summarize.ts";

export default defineRenderCommand({
  flags: defineFlags({ ...injectFlags.table, ...THRESHOLD_FLAGS }),
  run: async ({ flags, options, adapter, out }) => {
    const scan = injectScan(await readInjectRequest(options, adapter));
    const open = await openOrRender(INJECT, scan, adapter, out);
    return await driveInject(open, adapter, out) ?? reportInject(open, readThresholds(flags), out);
  },
});
