import type { SchedulerOption } from "../adapter.ts";

const text = (name: string, placeholder: string, help: string, pattern: string): SchedulerOption => ({
  name: `slurm-${name}`,
  type: "string",
  placeholder,
  help,
  pattern,
  ...native(name),
});

const native = (flag: string) => ({ native: `sbatch --${flag}` });

const WORD = "[^\\s\"'\\\\]+";

/** Options of a Slurm job, in the order in which their lines are written. Source: sbatch(1). */
export const SLURM_OPTIONS: SchedulerOption[] = [
  {
    name: "slurm-cpus-per-task",
    type: "integer",
    min: 1,
    default: 1,
    placeholder: "N",
    help: "CPUs of each job",
    role: "cpus",
    ...native("cpus-per-task"),
  },
  {
    ...text("time", "HH:MM:SS", "longest time of a job", "(\\d+-)?\\d+(:\\d+){0,2}|UNLIMITED|INFINITE"),
    role: "time",
  },
  text("partition", "NAME[,NAME]", "partition to run in", WORD),
  text("account", "NAME", "account that is charged", WORD),
  text("qos", "NAME", "quality of service", WORD),
  {
    ...text("memory", "2G", "memory of each job, in MB or with K, M, G, T", "\\d+[KMGTkmgt]?[Bb]?"),
    role: "memory",
    ...native("mem"),
  },
  text("constraint", "LIST", "features that a node must have", "[^\\\\]+"),
  { ...text("exclude", "NODE[,NODE]", "nodes not to run on", WORD), role: "nodes" },
  text("reservation", "NAME", "reservation to run in", WORD),
  text("gres", "LIST", "generic resources: gpu:1", WORD),
  text("mail-user", "ADDRESS", "who is written to", WORD),
  text("mail-type", "END,FAIL", "when a mail is sent", "[A-Za-z_0-9]+(,[A-Za-z_0-9]+)*"),
  {
    name: "slurm-throttle",
    type: "integer",
    min: 1,
    placeholder: "N",
    help: "at most so many jobs at a time, over all arrays of the run",
    native: "sbatch --array=…%N",
    role: "throttle",
  },
  {
    name: "slurm-sbatch",
    type: "strings",
    placeholder: "--OPTION=VALUE",
    help: "a further #SBATCH line, in its long form: --slurm-sbatch=--nice=100 (repeatable)",
  },
];

/** Returns the long option of sbatch that an option's value goes to; undefined where it is no line of its own. */
export const sbatchFlag = ({ native = "" }: SchedulerOption): string | undefined =>
  /^sbatch --([a-z-]+)$/.exec(native)?.[1];
