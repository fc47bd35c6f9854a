// slow: what a user does, 33 cells on Slurm, takes ten minutes
import { ON_SLURM } from "../table/slurm_site.ts";
import { userActions } from "../table/user_actions.ts";

userActions(ON_SLURM, "others");
