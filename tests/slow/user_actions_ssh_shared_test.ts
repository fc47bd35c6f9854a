// slow: what a user does on hosts with a shared disk; without one the same is tested before a push
import { ON_SSH } from "../table/ssh_site.ts";
import { userActions } from "../table/user_actions.ts";

userActions(ON_SSH, "usual");
