import { ON_LOCAL } from "../table/local_site.ts";
import { userActions } from "../table/user_actions.ts";

userActions(ON_LOCAL, "usual");
