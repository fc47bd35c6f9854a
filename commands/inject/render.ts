import { INJECT, injectScan } from "../../runtime/scan/inject_runs.ts";
import type { CommandSpec } from "../flags.ts";
import { adapterOfOptions, renderPoints } from "../scan/steps.ts";
import { defineInjectFlags, readInjectRequest } from "./inject_flags.ts";

const render: CommandSpec = {
  needs: ["read", "write", "run", "env", "sys"],
  schedulers: true,
  define: defineInjectFlags,
  run: async ({ options, out }) => {
    const adapter = await adapterOfOptions(options, out);
    return await renderPoints(INJECT, injectScan(await readInjectRequest(options, adapter)), adapter, out);
  },
};
export default render;
