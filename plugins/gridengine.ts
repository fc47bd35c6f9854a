// Grid Engine (Sun, Son of, Univa, Altair): array jobs on a file system that the nodes share. A plugin: copy this file
// and the folder gridengine/ into schedulers/ beside nsfarm-deno, or name the file with --plugin. Written for and tested
// with Grid Engine 8.1.9.
import type { CommandResult, SchedulerAdapter, SchedulerLimits } from "nsfarm-deno";
import { options } from "./gridengine/options.ts";
import { query, readFind, readQuery } from "./gridengine/query.ts";
import { hold, ofTasks, readSteer, release, throttle } from "./gridengine/steer.ts";
import { finish, readSubmit, render, words } from "./gridengine/submit.ts";
import { command } from "./gridengine/words.ts";

function readProbe([config, queues, help]: CommandResult[]): SchedulerLimits {
  const most = /^max_aj_tasks +(\d+)/m.exec(config?.stdout ?? "")?.[1];
  const version = /^\S*GE\S* \S+/m.exec(help?.stdout ?? "")?.[0];
  const rows = [...(queues?.stdout ?? "").matchAll(/^(\S+)(?: +\S+){4} +(\d+) +\d+ +\d+ *$/gm)];
  return {
    // 0 is no limit (sge_conf(5), max_aj_tasks).
    ...(most === undefined ? {} : { max_array_size: Number(most) || null }),
    ...(version === undefined ? {} : { version }),
    places: rows.map(([, name = "", cpus]) => ({
      name,
      state: "up",
      nodes: null,
      cpus: Number(cpus),
      memory_mb: null,
      time_limit: null,
    })),
  };
}

const gridengine: SchedulerAdapter = {
  name: "gridengine",
  apiVersion: 1,
  summary: "array jobs of a Grid Engine cluster",
  programs: ["qsub", "qstat", "qacct", "qdel", "qhold", "qrls", "qalter", "qconf"],
  options,
  limits: { first_index: 1, arrays: true, dependencies: true, file_transfer: false },
  // submit(1), ENVIRONMENT VARIABLES. h_rt counts from the start of the job.
  inJob: {
    job_id: ["JOB_ID"],
    task_id: ["SGE_TASK_ID"],
    cpus: [{ variable: "NSLOTS", with: "JOB_ID" }],
    ends_at: [{ option: "gridengine-time", with: "JOB_ID" }],
    record: ["JOB_ID", "SGE_TASK_ID", "QUEUE", "NSLOTS"],
  },
  render,
  probe: () => [["qconf", "-sconf"], ["qstat", "-g", "c"], ["qstat", "-help"]].map((argv) => command(argv, 60)),
  readProbe,
  submit: (context, chunk, token) => command(["qsub", ...words(context, chunk, token)]),
  readSubmit,
  find: () => command(["qstat", "-xml"], 60),
  readFind,
  query,
  readQuery,
  cancel: (_context, handles, shards) => ofTasks("qdel", handles, shards),
  readCancel: readSteer,
  hold,
  release,
  throttle,
  readSteer,
  finish,
  jobLogs: ({ job_id, chunk }, shard) =>
    chunk.shards.flatMap((one, i) =>
      one === shard ? [`logs/gridengine_${job_id}.${chunk.tasks?.[i] ?? i + 1}.log`] : []
    ),
};
export default gridengine;
