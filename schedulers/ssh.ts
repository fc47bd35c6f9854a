import { WORKER_BACKENDS } from "../core/worker_backends.ts";
import type { WorkerBackend } from "./adapter.ts";
import { renderJobWrapper } from "./job_wrapper.ts";
import { SSH_OPTIONS } from "./ssh/options.ts";

/** Hosts behind ssh, which a worker loop drives from this machine. */
const ssh: WorkerBackend = {
  kind: "worker",
  name: WORKER_BACKENDS.hosts,
  summary: "hosts behind ssh, each taking the next shard when it is free",
  slots_on: "hosts",
  words: ["--retry-failed", "--hosts"],
  limits: { files_may_be_late: false, sends_inputs: true },
  options: SSH_OPTIONS,
  render: (context) => ({
    files: [renderJobWrapper(context, WORKER_BACKENDS.hosts, {})],
    chunks: [{ index: 0, shards: context.shards }],
    warnings: [],
    by_hand: [],
  }),
};
export default ssh;
