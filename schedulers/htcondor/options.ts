import type { SchedulerOption } from "../adapter.ts";

const QUANTITY = "\\d+(\\.\\d+)?\\s*([KMGT]i?[Bb]?)?";

/** Options of an HTCondor job (condor_submit(1)). */
export const HTCONDOR_OPTIONS: SchedulerOption[] = [
  {
    name: "condor-request-cpus",
    type: "integer",
    min: 1,
    default: 1,
    placeholder: "N",
    help: "CPUs of each job",
    native: "request_cpus",
    role: "cpus",
  },
  {
    name: "condor-request-memory",
    type: "string",
    default: "1GB",
    placeholder: "2GB",
    help: "memory of each job, in MB or with KB, MB, GB",
    native: "request_memory",
    pattern: QUANTITY,
    role: "memory",
  },
  {
    name: "condor-request-disk",
    type: "string",
    placeholder: "1GB",
    help: "scratch space of each job, in KB, or with MB, GB",
    native: "request_disk",
    pattern: QUANTITY,
  },
  {
    name: "condor-requirements",
    type: "string",
    placeholder: "EXPRESSION",
    help: `condition: '(Machine != "n1.example.org")'`,
    native: "requirements",
    role: "nodes",
  },
  {
    name: "condor-accounting-group",
    type: "string",
    placeholder: "GROUP",
    help: "accounting group of the jobs",
    native: "accounting_group",
    pattern: "[A-Za-z0-9_.@-]+",
  },
  {
    name: "condor-max-run-time",
    type: "string",
    placeholder: "HH:MM:SS",
    help: "time limit of a job (or whole minutes), including its file transfer",
    native: "allowed_job_duration",
    pattern: "(\\d+-)?(\\d+:)?\\d+:\\d+|\\d+",
    role: "time",
  },
  {
    name: "condor-max-idle",
    type: "integer",
    min: 1,
    placeholder: "N",
    help: "create jobs gradually: at most N idle in the queue",
    native: "max_idle",
  },
  {
    name: "condor-max-materialize",
    type: "integer",
    min: 1,
    placeholder: "N",
    help: "create jobs gradually: at most N in the queue",
    native: "max_materialize",
    role: "throttle",
  },
];
