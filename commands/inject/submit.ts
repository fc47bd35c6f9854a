import { type CommandSpec, defineFlags } from "../flags.ts";
import { adapterOfScan } from "../scan/steps.ts";
import { INJECT_JSON, readInjectJson, readThresholds, THRESHOLD_FLAGS } from "./inject_flags.ts";
import { driveInject, reportInject } from "./summarize.ts";

const submitFlags = defineFlags({ ...INJECT_JSON, ...THRESHOLD_FLAGS });

const submit: CommandSpec = {
  needs: ["read", "write", "run", "env", "sys"],
  schedulers: true,
  define: submitFlags.define,
  run: async ({ options, out }) => {
    const flags = submitFlags.read(options);
    const open = readInjectJson(flags);
    return await driveInject(open, await adapterOfScan(open), out) ?? reportInject(open, readThresholds(flags), out);
  },
};
export default submit;
