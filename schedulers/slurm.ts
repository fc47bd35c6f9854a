import { ADAPTER_API_VERSION, type SchedulerAdapter } from "./adapter.ts";
import { textOption } from "./read_options.ts";
import { siteOptions } from "./site_options.ts";
import { cancelSlurm, readSlurmCancel } from "./slurm/cancel.ts";
import { PASSED } from "./slurm/directives.ts";
import { findSlurm, readSlurmFind } from "./slurm/find.ts";
import { finishSlurm } from "./slurm/finish.ts";
import { SLURM_IN_JOB } from "./slurm/in_job.ts";
import { readSlurmJobLog, slurmLogs } from "./slurm/job_log.ts";
import { SLURM_OPTIONS } from "./slurm/options.ts";
import { askSlurmPool, readSlurmPool } from "./slurm/pool.ts";
import { probeSlurm, readSlurmProbe } from "./slurm/probe.ts";
import { querySlurm, readSlurmQuery } from "./slurm/query.ts";
import { readSlurmSubmit } from "./slurm/read_submit.ts";
import { renderSlurm } from "./slurm/render.ts";
import { submitSlurm } from "./slurm/submit.ts";

/** Slurm: array jobs on a file system that the nodes share. */
const slurm = {
  name: "slurm",
  apiVersion: ADAPTER_API_VERSION,
  summary: "array jobs of a Slurm cluster",
  programs: ["sbatch", "squeue", "sacct", "scancel", "scontrol", "sinfo", "sacctmgr"],
  options: [...SLURM_OPTIONS, ...siteOptions(PASSED)],
  limits: { first_index: 0, arrays: true, dependencies: true, file_transfer: false, cancels_by_token: true },
  inJob: SLURM_IN_JOB,
  render: renderSlurm,
  probe: probeSlurm,
  readProbe: readSlurmProbe,
  submit: submitSlurm,
  readSubmit: readSlurmSubmit,
  find: findSlurm,
  readFind: readSlurmFind,
  query: querySlurm,
  readQuery: readSlurmQuery,
  cancel: (_context, handles, shards) => cancelSlurm(handles, shards),
  readCancel: readSlurmCancel,
  finish: finishSlurm,
  jobLogs: slurmLogs,
  avoiding: (options, node) =>
    `--slurm-exclude ${[textOption(options, "slurm-exclude"), node].filter((name) => name !== undefined).join(",")}`,
  readJobLog: readSlurmJobLog,
  pool: askSlurmPool,
  readPool: readSlurmPool,
} satisfies SchedulerAdapter;
export default slurm;
