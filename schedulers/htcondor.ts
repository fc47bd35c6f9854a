import { ADAPTER_API_VERSION, type SchedulerAdapter } from "./adapter.ts";
import { cancelHTCondor, readHTCondorCancel } from "./htcondor/cancel.ts";
import { htcondorLogs } from "./htcondor/job_log.ts";
import { eventsOf } from "./htcondor/events_of.ts";
import { eventLogs, readLogStates } from "./htcondor/log_states.ts";
import { excludingLine } from "./htcondor/machine_name.ts";
import { HTCONDOR_IN_JOB } from "./htcondor/in_job.ts";
import { textOption } from "./read_options.ts";
import { HTCONDOR_OPTIONS } from "./htcondor/options.ts";
import { askHTCondorPool, readHTCondorPool } from "./htcondor/pool.ts";
import { probeHTCondor, readHTCondorProbe } from "./htcondor/probe.ts";
import { queryHTCondor, readHTCondorQuery } from "./htcondor/query.ts";
import { renderHTCondor } from "./htcondor/render.ts";
import { findHTCondor, readHTCondorFind } from "./htcondor/find.ts";
import { finishHTCondor } from "./htcondor/finish.ts";
import { readHTCondorSubmit } from "./htcondor/read_submit.ts";
import { submitHTCondor } from "./htcondor/submit.ts";
import { siteOptions } from "./site_options.ts";

/** HTCondor: one cluster of jobs, on a shared file system or with its own file transfer. */
const htcondor = {
  name: "htcondor",
  apiVersion: ADAPTER_API_VERSION,
  summary: "jobs of an HTCondor pool, with or without a shared file system",
  programs: [
    "condor_submit",
    "condor_q",
    "condor_history",
    "condor_rm",
    "condor_status",
    "condor_version",
    "condor_config_val",
  ],
  options: [...HTCONDOR_OPTIONS, ...siteOptions([])],
  limits: { first_index: 0, arrays: true, dependencies: true, file_transfer: true, cancels_by_token: true },
  inJob: HTCONDOR_IN_JOB,
  render: renderHTCondor,
  probe: probeHTCondor,
  readProbe: readHTCondorProbe,
  submit: submitHTCondor,
  readSubmit: readHTCondorSubmit,
  find: findHTCondor,
  readFind: readHTCondorFind,
  query: queryHTCondor,
  readQuery: readHTCondorQuery,
  cancel: (_context, handles, shards) => cancelHTCondor(handles, shards),
  readCancel: readHTCondorCancel,
  eventLogs,
  readEventLogs: readLogStates,
  eventsOf,
  finish: finishHTCondor,
  jobLogs: htcondorLogs,
  avoiding: (options, node) => excludingLine(node, textOption(options, "condor-requirements")),
  pool: askHTCondorPool,
  readPool: readHTCondorPool,
} satisfies SchedulerAdapter;
export default htcondor;
