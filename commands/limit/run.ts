import { openSameLimit, renderLimit } from "../../runtime/limit/limit_runs.ts";
import { loadAdapter } from "../../runtime/scheduler/adapters.ts";
import { type CommandSpec, defineFlags } from "../flags.ts";
import { reportPlugin } from "../scheduler_flags.ts";
import { driveLimit } from "./drive_limit.ts";
import { defineLimitFlags, readLimitRequest, readWanted, WANTED_FLAGS } from "./limit_flags.ts";
import { reportLimit } from "./summarize.ts";

const wantedFlags = defineFlags(WANTED_FLAGS);

const run: CommandSpec = {
  name: "limit run",
  needs: ["read", "write", "run", "env", "sys"],
  schedulers: true,
  define: async (command, argv) => {
    await defineLimitFlags(command, argv);
    wantedFlags.define(command);
  },
  run: async ({ options, out }) => {
    const adapter = await loadAdapter(String(options["scheduler"]));
    reportPlugin(adapter, out);
    const request = readLimitRequest(options, adapter);
    const wanted = readWanted(wantedFlags.read(options));
    const open = openSameLimit(request) ??
      await renderLimit(request, adapter, (warning) => out.note(`warning: ${warning}`));
    out.note(`limit: ${open.path}`);
    const code = await driveLimit(open, adapter, { ...wanted, max_toys: request.max_toys }, out);
    return code === 0 ? reportLimit(open, wanted, out) : code;
  },
};
export default run;
