import { type CommandSpec, defineFlags } from "../flags.ts";
import { adapterOfScan } from "../scan/steps.ts";
import { driveLimit } from "./drive_limit.ts";
import { LIMIT_JSON, readLimitJson, readWanted, WANTED_FLAGS } from "./limit_flags.ts";
import { reportLimit } from "./summarize.ts";

const submitFlags = defineFlags({ ...LIMIT_JSON, ...WANTED_FLAGS });

const submit: CommandSpec = {
  needs: ["read", "write", "run", "env", "sys"],
  schedulers: true,
  define: submitFlags.define,
  run: async ({ options, out }) => {
    const flags = submitFlags.read(options);
    const open = readLimitJson(flags);
    const wanted = readWanted(flags);
    const adapter = await adapterOfScan(open);
    const code = await driveLimit(open, adapter, { ...wanted, max_toys: open.document.seed_stride }, out);
    return code ?? reportLimit(open, wanted, out);
  },
};
export default submit;
