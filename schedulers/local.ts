import { TIME_LIMIT } from "../core/flags.ts";
import { WORKER_BACKENDS } from "../core/worker_backends.ts";
import type { WorkerBackend } from "./adapter.ts";

/** Backend that uses the CPUs of this machine. */
const local: WorkerBackend = {
  kind: "worker",
  name: WORKER_BACKENDS.machine,
  summary: "the CPUs of this machine",
  slots_on: "machine",
  words: ["--retry-failed"],
  limits: { files_may_be_late: false },
  options: [
    {
      name: "local-slots",
      type: "integer",
      min: 1,
      placeholder: "N",
      help: "number of shards to run at once (default: CPUs / threads)",
    },
    {
      name: "local-time",
      role: "time",
      type: "string",
      placeholder: "HH:MM:SS",
      help: "time limit of a shard; longer ones are stopped",
      pattern: TIME_LIMIT,
    },
  ],
  render: ({ shards, manifest: { farm } }) => ({
    files: [],
    chunks: [{ index: 0, shards }],
    warnings: farm.wrapper === "sh"
      ? ["--wrapper sh has no effect: on this machine nsfarm-deno runs the fits itself"]
      : [],
    by_hand: [],
  }),
};
export default local;
