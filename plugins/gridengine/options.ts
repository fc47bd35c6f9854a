import type { RenderContext, SchedulerOption } from "nsfarm-deno";

const text = (name: string, placeholder: string, help: string, native: string, pattern: string): SchedulerOption => ({
  name: `gridengine-${name}`,
  type: "string",
  placeholder,
  help,
  native: `qsub ${native}`,
  pattern,
});

const WORD = "[^\\s\"'\\\\]+";

/** Options of a Grid Engine job (qsub(1), sge_types(1)). */
export const options: SchedulerOption[] = [
  text("queue", "NAME[,NAME]", "queue to run in", "-q", WORD),
  text("project", "NAME", "project to charge", "-P", WORD),
  { ...text("time", "HH:MM:SS", "time limit of a job", "-l h_rt", "\\d+:\\d\\d:\\d\\d"), role: "time" },
  { ...text("memory", "2G", "memory of each slot", "-l h_vmem", "\\d+(\\.\\d+)?[KMGkmg]?"), role: "memory" },
  text("pe", "NAME", "parallel environment for jobs with several slots", "-pe", WORD),
  {
    name: "gridengine-slots",
    type: "integer",
    min: 1,
    default: 1,
    placeholder: "N",
    help: "slots (CPUs) of each job; more than one needs --gridengine-pe",
    native: "qsub -pe",
    role: "cpus",
  },
  {
    name: "gridengine-resource",
    type: "strings",
    placeholder: "NAME=VALUE",
    help: "extra resource (repeatable)",
    native: "qsub -l",
    pattern: "[A-Za-z_][A-Za-z0-9_.]*(=[^\\s,]+)?",
  },
  {
    name: "gridengine-throttle",
    type: "integer",
    min: 1,
    placeholder: "N",
    help: "maximum number of jobs of each array at a time",
    native: "qsub -tc",
    role: "throttle",
  },
  {
    name: "setup",
    type: "strings",
    placeholder: "LINE",
    help: "shell line to run in each job before nextstat: 'module load gcc' (repeatable)",
  },
  {
    name: "env",
    type: "strings",
    placeholder: "NAME",
    help: "pass this environment variable to the jobs; no other is passed (repeatable)",
    pattern: "[A-Za-z_][A-Za-z0-9_]*",
  },
];

/** Returns the value of an option as a list of none or one. */
export function one(context: RenderContext, name: string): string[] {
  const value = context.options[name];
  return value === undefined ? [] : [oneLine(name, String(value))];
}

/** Returns the values of an option that may be repeated. */
export function many(context: RenderContext, name: string): string[] {
  const value = context.options[name];
  return Array.isArray(value) ? value.map((item) => oneLine(name, item)) : one(context, name);
}

/** Refuses a line break, which would begin a new line in the job's script. */
function oneLine(name: string, value: string): string {
  // deno-lint-ignore no-control-regex
  if (!/[\u0000-\u001f\u007f]/.test(value)) return value;
  throw Object.assign(new Error(`Cannot use --${name} ${JSON.stringify(value)}: wanted one line`), { kind: "usage" });
}
