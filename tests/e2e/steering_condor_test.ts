import { condorFile, lastCluster, openFit } from "../clusters/condor_farm.ts";
import { steeringTests } from "../clusters/steering.ts";

const test = condorFile();

steeringTests("HTCondor", (name, work) =>
  test(name, (farm) =>
    work({
      ...farm,
      words: ["--scheduler", "htcondor"],
      slots: 4,
      fit: (behaviour) => openFit(farm, behaviour),
      holdOne: async (dir) => {
        const job = `${await lastCluster(dir)}.6`;
        await farm.pool.ask("condor_hold", job);
        return () => farm.pool.ask("condor_release", job);
      },
    })), true);
