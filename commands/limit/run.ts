import { LIMIT, limitScan } from "../../runtime/scan/limit_runs.ts";
import { defineFlags } from "../flags.ts";
import { openOrRender } from "../scan/steps.ts";
import { defineRenderCommand } from "../scheduler_flags.ts";
import { driveLimit } from "./drive_limit.ts";
import { limitFlags, readLimitRequest, readWanted, WANTED_FLAGS } from "./limit_flags.ts";
import { reportLimit } from "./summarize.ts";

export default defineRenderCommand({
  flags: defineFlags({ ...limitFlags.table, ...WANTED_FLAGS }),
  run: async ({ flags, options, adapter, out }) => {
    const request = readLimitRequest(options, adapter);
    const wanted = readWanted(flags);
    const open = await openOrRender(LIMIT, limitScan(request), adapter, out);
    const code = await driveLimit(open, adapter, { ...wanted, max_toys: request.max_toys }, out);
    return code ?? reportLimit(open, wanted, out);
  },
});
