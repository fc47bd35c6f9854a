import { LIMIT, limitScan } from "../../runtime/scan/limit_runs.ts";
import type { CommandSpec } from "../flags.ts";
import { adapterOfOptions, renderPoints } from "../scan/steps.ts";
import { defineLimitFlags, readLimitRequest } from "./limit_flags.ts";

const render: CommandSpec = {
  needs: ["read", "write", "run", "env", "sys"],
  schedulers: true,
  define: defineLimitFlags,
  run: async ({ options, out }) => {
    const adapter = await adapterOfOptions(options, out);
    return await renderPoints(LIMIT, limitScan(readLimitRequest(options, adapter)), adapter, out);
  },
};
export default render;
