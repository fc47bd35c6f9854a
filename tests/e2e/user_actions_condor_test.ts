import { ON_CONDOR } from "../table/condor_site.ts";
import { userActions } from "../table/user_actions.ts";

userActions(ON_CONDOR, "usual");
