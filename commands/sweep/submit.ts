import { oneOf } from "../../core/parse_flag.ts";
import { loadSweep, recordOf } from "../../host/sweep/load_sweep.ts";
import type { CommandSpec } from "../command.ts";
import { MODE_HELP, MODES } from "../submit.ts";
import { pointLine } from "./each_point.ts";
import { measureSweep } from "./measure_sweep.ts";
import { definePointFlags, defineSweepJson, PointFlags, readSweepJson } from "./sweep_flags.ts";

const submit: CommandSpec = {
  name: "sweep submit",
  needs: ["read", "write", "run", "env", "sys"],
  schedulers: true,
  define: (command) => {
    defineSweepJson(command);
    definePointFlags(command);
    command.option("--mode <mode>", MODE_HELP, oneOf("--mode", MODES));
  },
  run: async ({ options, out }) => {
    const open = readSweepJson(options);
    const code = await measureSweep(open, PointFlags.parse(options), out);
    const { sweep } = loadSweep(open.path);
    for (const point of sweep.runs) out.print(pointLine(open, point, recordOf(point)));
    out.document({ sweep_json: open.path, sweep });
    return code;
  },
};
export default submit;
