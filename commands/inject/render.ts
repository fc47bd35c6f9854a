import { INJECT, injectScan } from "../../runtime/scan/inject_runs.ts";
import { renderPoints } from "../scan/steps.ts";
import { defineRenderCommand } from "../scheduler_flags.ts";
import { injectFlags, readInjectRequest } from "./inject_flags.ts";

export default defineRenderCommand({
  flags: injectFlags,
  run: async ({ options, adapter, out }) =>
    renderPoints(INJECT, injectScan(await readInjectRequest(options, adapter)), adapter, out),
});
