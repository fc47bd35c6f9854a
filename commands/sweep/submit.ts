import { loadSweep, recordOf } from "../../runtime/sweep/load.ts";
import { defineCommand, defineFlags } from "../flags.ts";
import { MODE_FLAG } from "../submit.ts";
import { pointLine } from "./each_point.ts";
import { measureSweep } from "./measure_sweep.ts";
import { POINT_FLAGS, readSweepJson, SWEEP_JSON } from "./sweep_flags.ts";

const submitFlags = defineFlags({ ...SWEEP_JSON, ...POINT_FLAGS, ...MODE_FLAG });

export default defineCommand({
  schedulers: true,
  flags: submitFlags,
  run: async ({ flags, out }) => {
    const open = readSweepJson(flags);
    const code = await measureSweep(open, flags, out);
    const { document: sweep } = loadSweep(open.path);
    for (const point of sweep.runs) out.print(pointLine(open, point, recordOf(point)));
    out.document({ sweep_json: open.path, sweep });
    return code;
  },
});
