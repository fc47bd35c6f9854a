import type { Flag } from "../../core/flags.ts";
import { SSH_FLAGS } from "../../core/ssh/ssh_flags.ts";
import type { SchedulerOption } from "../adapter.ts";

const ROLES: Record<string, SchedulerOption["role"]> = { "ssh-time": "time" };

export const SSH_OPTIONS: SchedulerOption[] = Object.entries<Flag>(SSH_FLAGS).map(([name, { choices, ...flag }]) => ({
  name,
  ...flag,
  ...(choices ? { choices: [...choices] } : {}),
  ...(ROLES[name] ? { role: ROLES[name] } : {}),
}));
