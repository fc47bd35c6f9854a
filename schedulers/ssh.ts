import { renderJobWrapper } from "./job_wrapper.ts";
import { SSH_OPTIONS } from "./ssh/options.ts";
import { workerLoop } from "./worker_loop.ts";

/** Hosts behind ssh as a scheduler: a worker loop of ours that drives them. */
export default workerLoop({
  name: "ssh",
  summary: "hosts behind ssh, each taking the next shard when it is free",
  options: SSH_OPTIONS,
  words: ["--hosts"],
  sends_inputs: true,
  render: (context) => ({
    files: [renderJobWrapper(context, "ssh", {})],
    chunks: [{ index: 0, shards: context.shards }],
    warnings: [],
    by_hand: [],
  }),
});
