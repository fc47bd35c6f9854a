// slow: what a user does, 33 cells on HTCondor, takes a quarter of an hour
import { ON_CONDOR } from "../table/condor_site.ts";
import { userActions } from "../table/user_actions.ts";

userActions(ON_CONDOR, "others");
