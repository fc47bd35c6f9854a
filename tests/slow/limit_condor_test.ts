// slow: limits of some dozens of jobs on HTCondor, killed again and again, take minutes
import { condorFile } from "../clusters/condor_farm.ts";
import { condorLimits } from "../clusters/condor_limits.ts";

condorLimits("HTCondor", "shared", condorFile());
