import { jobIds, slurmFile } from "../clusters/slurm_farm.ts";
import { steeringTests } from "../clusters/steering.ts";

const test = slurmFile();

steeringTests("Slurm", (name, work) =>
  test(name, (farm) =>
    work({
      ...farm,
      words: ["--scheduler", "slurm"],
      slots: 4,
      fit: farm.standIn,
      holdOne: async (dir) => {
        const task = `${(await jobIds(dir))[0]}_6`;
        await farm.cluster.ask("scontrol", "hold", task);
        return () => farm.cluster.ask("scontrol", "release", task);
      },
    })), true);
