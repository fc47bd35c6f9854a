import { INJECT, injectScan } from "../../runtime/scan/inject_runs.ts";
import { type CommandSpec, defineFlags } from "../flags.ts";
import { adapterOfOptions, openOrRender } from "../scan/steps.ts";
import { defineInjectFlags, readInjectRequest, readThresholds, THRESHOLD_FLAGS } from "./inject_flags.ts";
import { driveInject, reportInject } from "./summarize.ts";

const thresholdFlags = defineFlags(THRESHOLD_FLAGS);

const run: CommandSpec = {
  needs: ["read", "write", "run", "env", "sys"],
  schedulers: true,
  define: async (command, argv) => {
    await defineInjectFlags(command, argv);
    thresholdFlags.define(command);
  },
  run: async ({ options, out }) => {
    const adapter = await adapterOfOptions(options, out);
    const thresholds = readThresholds(thresholdFlags.read(options));
    const open = await openOrRender(INJECT, injectScan(await readInjectRequest(options, adapter)), adapter, out);
    return await driveInject(open, adapter, out) ?? reportInject(open, thresholds, out);
  },
};
export default run;
