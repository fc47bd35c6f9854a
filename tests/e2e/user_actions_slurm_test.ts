import { ON_SLURM } from "../table/slurm_site.ts";
import { userActions } from "../table/user_actions.ts";

userActions(ON_SLURM, "usual");
