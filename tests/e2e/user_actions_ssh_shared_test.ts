import { ON_SSH } from "../table/ssh_site.ts";
import { userActions } from "../table/user_actions.ts";

userActions(ON_SSH, "usual");
