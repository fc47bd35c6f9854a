import { workerLoop } from "./worker_loop.ts";

/** This machine as a scheduler. */
export default workerLoop({
  name: "local",
  summary: "the CPUs of this machine",
  options: [
    {
      name: "local-slots",
      type: "integer",
      min: 1,
      placeholder: "N",
      help: "shards that run at the same time (default: CPUs divided by threads)",
    },
    {
      name: "local-time",
      role: "time",
      type: "string",
      placeholder: "HH:MM:SS",
      help: "stop a shard that runs longer than this",
      pattern: "(\\d+-)?(\\d+:)?\\d+:\\d+|\\d+",
    },
  ],
  words: [],
  render: ({ shards }) => ({ files: [], chunks: [{ index: 0, shards }], warnings: [], by_hand: [] }),
});
