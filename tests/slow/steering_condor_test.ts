// slow: of jobs that are all created at once the same is tested before a push
import { condorFile, openFit } from "../clusters/condor_farm.ts";
import { steeringTests } from "../clusters/steering.ts";

const test = condorFile();

steeringTests("HTCondor, which creates two jobs ahead", (name, work) =>
  test(name, (farm) =>
    work({
      ...farm,
      words: ["--scheduler", "htcondor", "--condor-max-idle", "2"],
      slots: 4,
      fit: (behaviour) => openFit(farm, behaviour),
    })));
