import { defineCommand, defineFlags } from "../flags.ts";
import { adapterOfScan } from "../scan/steps.ts";
import { driveLimit } from "./drive_limit.ts";
import { LIMIT_JSON, readLimitJson, readWanted, WANTED_FLAGS } from "./limit_flags.ts";
import { reportLimit } from "./summarize.ts";

export default defineCommand({
  flags: defineFlags({ ...LIMIT_JSON, ...WANTED_FLAGS }),
  schedulers: true,
  run: async ({ flags, out }) => {
    const open = readLimitJson(flags);
    const wanted = readWanted(flags);
    const adapter = await adapterOfScan(open);
    const code = await driveLimit(open, adapter, { ...wanted, max_toys: open.document.seed_stride }, out);
    return code ?? reportLimit(open, wanted, out);
  },
});
