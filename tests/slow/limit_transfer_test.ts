// slow: limits of some dozens of jobs on HTCondor with file transfer, killed again and again, take minutes
import { condorFile } from "../clusters/condor_farm.ts";
import { condorLimits } from "../clusters/condor_limits.ts";

condorLimits("HTCondor with file transfer", "transfer", condorFile({ nodes: 2, slots: 2, hidden: true }));
