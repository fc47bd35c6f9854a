import { LIMIT, limitScan } from "../../runtime/scan/limit_runs.ts";
import { type CommandSpec, defineFlags } from "../flags.ts";
import { adapterOfOptions, openOrRender } from "../scan/steps.ts";
import { driveLimit } from "./drive_limit.ts";
import { defineLimitFlags, readLimitRequest, readWanted, WANTED_FLAGS } from "./limit_flags.ts";
import { reportLimit } from "./summarize.ts";

const wantedFlags = defineFlags(WANTED_FLAGS);

const run: CommandSpec = {
  needs: ["read", "write", "run", "env", "sys"],
  schedulers: true,
  define: async (command, argv) => {
    await defineLimitFlags(command, argv);
    wantedFlags.define(command);
  },
  run: async ({ options, out }) => {
    const adapter = await adapterOfOptions(options, out);
    const request = readLimitRequest(options, adapter);
    const wanted = readWanted(wantedFlags.read(options));
    const open = await openOrRender(LIMIT, limitScan(request), adapter, out);
    const code = await driveLimit(open, adapter, { ...wanted, max_toys: request.max_toys }, out);
    return code ?? reportLimit(open, wanted, out);
  },
};
export default run;
