import type { Flag } from "../core/flags.ts";
import { SSH_FLAGS } from "../core/ssh/ssh_flags.ts";
import { WORKER_BACKENDS } from "../core/worker_backends.ts";
import type { SchedulerOption, WorkerBackend } from "./adapter.ts";
import { renderJobWrapper } from "./job_wrapper.ts";

const ROLES: Record<string, SchedulerOption["role"]> = { "ssh-time": "time" };

export const SSH_OPTIONS: SchedulerOption[] = Object.entries<Flag>(SSH_FLAGS).map(([name, { choices, ...flag }]) => ({
  name,
  ...flag,
  ...(choices ? { choices: [...choices] } : {}),
  ...(ROLES[name] ? { role: ROLES[name] } : {}),
}));

/** Backend that uses hosts behind ssh, driven by a worker loop on this machine. */
const ssh: WorkerBackend = {
  kind: "worker",
  name: WORKER_BACKENDS.hosts,
  summary: "hosts reached by ssh; each takes the next shard when it is free",
  slots_on: "hosts",
  words: ["--retry-failed", "--hosts"],
  limits: { files_may_be_late: false, sends_inputs: true },
  options: SSH_OPTIONS,
  render: (context) => ({
    files: [renderJobWrapper(context, WORKER_BACKENDS.hosts, {})],
    chunks: [{ index: 0, shards: context.shards }],
    warnings: context.manifest.farm.wrapper_given && context.manifest.farm.wrapper === "binary"
      ? ["--wrapper binary has no effect: hosts run the sh wrapper"]
      : [],
    by_hand: [],
  }),
};
export default ssh;
