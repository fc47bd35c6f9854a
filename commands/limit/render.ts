import { LIMIT, limitScan } from "../../runtime/scan/limit_runs.ts";
import { renderPoints } from "../scan/steps.ts";
import { defineRenderCommand } from "../scheduler_flags.ts";
import { limitFlags, readLimitRequest } from "./limit_flags.ts";

export default defineRenderCommand({
  flags: limitFlags,
  run: ({ options, adapter, out }) => renderPoints(LIMIT, limitScan(readLimitRequest(options, adapter)), adapter, out),
});
