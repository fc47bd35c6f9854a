// slow: what a user does, 9 cells on Grid Engine, takes some minutes
import { ON_GRIDENGINE } from "../table/gridengine_site.ts";
import { userActions } from "../table/user_actions.ts";

userActions(ON_GRIDENGINE, "others");
