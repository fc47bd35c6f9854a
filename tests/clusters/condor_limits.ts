import { join } from "node:path";
import { type CondorTest, queued } from "./condor_farm.ts";
import { limitTests } from "./limits.ts";

/** Declares the tests of a limit on HTCondor. @param mode --mode of its jobs */
export function condorLimits(of: string, mode: "shared" | "transfer", test: CondorTest): void {
  limitTests(of, (name, work) =>
    test(name, (farm) =>
      work({
        ...farm,
        words: ["--scheduler", "htcondor", "--mode", mode],
        open: farm.pool.open,
        real: join(farm.pool.open, "nextstat"),
        ask: farm.pool.ask,
        cancels: async () => {
          const lines = (await queued(farm.pool)).split("\n").filter((line) => line !== "");
          return lines.map((line) => ["condor_rm", line.split(" ")[0] ?? ""]);
        },
      })));
}
