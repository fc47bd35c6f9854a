import { EXIT_CODES } from "../../core/errors.ts";
import { pointRun } from "../../runtime/limit/limit_runs.ts";
import { finishPoint, type PointEnd } from "../../runtime/sweep/finish_point.ts";
import { type CommandSpec, defineFlags } from "../flags.ts";
import { LIMIT_JSON, readLimitJson } from "./limit_flags.ts";

const collectFlags = defineFlags(LIMIT_JSON);

const collect: CommandSpec = {
  name: "limit collect",
  needs: ["read", "write"],
  define: collectFlags.define,
  run: async ({ options, out }) => {
    const open = readLimitJson(collectFlags.read(options));
    const ends: (PointEnd & { mu: number; run_dir: string })[] = [];
    for (const point of open.limit.points) {
      const run_dir = pointRun(open, point);
      const end = await finishPoint(run_dir, true, []);
      ends.push({ mu: point.mu, run_dir, ...end });
      out.print(`${end.state.padEnd(7)} ${run_dir}${end.error === null ? "" : `: ${end.error}`}`);
    }
    out.document({ limit_json: open.path, points: ends });
    return ends.every(({ state }) => state === "done") ? EXIT_CODES.done : EXIT_CODES.shards;
  },
};
export default collect;
