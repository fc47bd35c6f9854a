// slow: limits of some dozens of jobs on Slurm, killed again and again, take a minute
import { limitTests } from "../clusters/limits.ts";
import { slurmFile } from "../clusters/slurm_farm.ts";

const test = slurmFile();

limitTests("Slurm", (name, work) =>
  test(name, (farm) =>
    work({
      ...farm,
      words: ["--scheduler", "slurm"],
      open: farm.folder,
      ask: farm.cluster.ask,
      cancels: async () => {
        const jobs = await farm.cluster.ask("squeue", "--me", "--noheader", "--array", "--format=%i");
        return jobs.split("\n").filter(Boolean).map((job) => ["scancel", job]);
      },
    })));
