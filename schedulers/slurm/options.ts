import { FarmError } from "../../core/errors.ts";
import { LOGS } from "../../core/run_paths.ts";
import type { Chunk, RenderContext, SchedulerOption } from "../adapter.ts";
import { listOption, onePathLine, type Options, readSite, textOption } from "../options.ts";
import { formatIndexes, jobComment, jobName, tasksFor } from "../tasks.ts";

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

/** Options of a Slurm job, in the order of their lines (sbatch(1)). */
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
    ...text("time", "HH:MM:SS", "time limit of a job", "(\\d+-)?\\d+(:\\d+){0,2}|UNLIMITED|INFINITE"),
    role: "time",
  },
  text("partition", "NAME[,NAME]", "partition to run in", WORD),
  text("account", "NAME", "account to charge", WORD),
  text("qos", "NAME", "quality of service", WORD),
  {
    ...text("memory", "2G", "memory of each job, in MB or with K, M, G, T", "\\d+[KMGTkmgt]?[Bb]?"),
    role: "memory",
    ...native("mem"),
  },
  text("constraint", "LIST", "required node features", "[^\\\\]+"),
  { ...text("exclude", "NODE[,NODE]", "nodes to avoid", WORD), role: "nodes" },
  text("reservation", "NAME", "reservation to run in", WORD),
  text("gres", "LIST", "generic resources: gpu:1", WORD),
  text("mail-user", "ADDRESS", "mail address", WORD),
  text("mail-type", "END,FAIL", "events that send a mail", "[A-Za-z_0-9]+(,[A-Za-z_0-9]+)*"),
  {
    name: "slurm-throttle",
    type: "integer",
    min: 1,
    placeholder: "N",
    help: "maximum number of jobs at a time, over all arrays of the run",
    native: "sbatch --array=…%N",
    role: "throttle",
  },
  {
    name: "slurm-sbatch",
    type: "strings",
    placeholder: "--OPTION=VALUE",
    help: "extra #SBATCH option in its long form: --slurm-sbatch=--nice=100 (repeatable)",
  },
];

/** Returns the long option of sbatch for an option's value; undefined if the option has no line of its own. */
export const sbatchFlag = ({ native = "" }: SchedulerOption): string | undefined =>
  /^sbatch --([a-z-]+)$/.exec(native)?.[1];

/** sbatch options that this program writes itself or that would change what runs, and their replacements. */
const OWNED: Record<string, string> = {
  "array": "--shards and --slurm-throttle",
  "job-name": "--run-id (the job's name holds the token by which it is found again)",
  "comment": "nothing: it holds the token by which the job is found again",
  "output": "nsfarm-deno logs",
  "error": "nsfarm-deno logs",
  "input": "nothing: jobs read no input",
  "open-mode": "nothing: each job writes a log of its own",
  "requeue": "nsfarm-deno retry",
  "no-requeue": "nothing: it is always set",
  "export": "--env NAME",
  "export-file": "--env NAME",
  "get-user-env": "--setup LINE",
  "chdir": "nothing: jobs run in the run directory",
  "dependency": "nothing: all shards are independent",
  "ntasks": "--slurm-cpus-per-task",
  "nodes": "--shards: each job is one task on one node",
  "clusters": "a submit host of that cluster",
  "parsable": "nothing: it is set at submit",
  "quiet": "nothing: the answer of sbatch must be read",
  "wait": "nsfarm-deno submit --wait",
  "wrap": "nothing: the script is written by render",
  "test-only": "nsfarm-deno preflight",
  "hold": "scontrol hold, after submitting",
  "help": "sbatch --help",
  "usage": "sbatch --usage",
  "version": "sbatch --version",
  "container": "--container IMAGE",
};

/**
 * Checks free #SBATCH lines: one long option each, none that is set elsewhere. sbatch accepts any unambiguous
 * abbreviation (getopt_long(3)), so `--arr=0-3` is refused as well.
 * @returns `--name` or `--name=value`
 * @throws {FarmError} usage
 */
export function readFreeLines(lines: readonly string[]): string[] {
  return lines.map((line) => readFreeLine(line.trim().replace(/^#SBATCH\s+/, "")));
}

function readFreeLine(line: string): string {
  const [, name, value] = /^--([a-z][a-z0-9-]*)(?:(?:=|\s+)(.*))?$/.exec(line) ?? [];
  if (name === undefined) {
    throw refused(line, "wanted one option in its long form: --name=value");
  }
  const clash = clashOf(name);
  if (clash) throw refused(line, `nsfarm-deno sets --${clash.name} itself`, clash.instead);
  return value === undefined ? `--${name}` : `--${name}=${unquoted(value)}`;
}

function clashOf(name: string): { name: string; instead: string } | undefined {
  for (const option of SLURM_OPTIONS) {
    const flag = sbatchFlag(option);
    if (flag?.startsWith(name)) return { name: flag, instead: `--${option.name}` };
  }
  const owned = Object.keys(OWNED).find((one) => one.startsWith(name));
  return owned === undefined ? undefined : { name: owned, instead: OWNED[owned] ?? "" };
}

/** Removes the quotes around a value as written in a script. */
const unquoted = (value: string) => /^(["'])(.*)\1$/.exec(value)?.[2] ?? value;

function refused(line: string, why: string, instead?: string): FarmError {
  return new FarmError("usage", `Cannot use --slurm-sbatch "${line}": ${why}`, instead && `Use ${instead}`);
}

const PLAIN = /^[A-Za-z0-9_./:=@%+,\[\]-]+$/;

/**
 * Returns an option as an #SBATCH line. Between double quotes sbatch takes all characters but `\` and `"` literally,
 * and drops a `\` before either; outside of quotes `#` would begin a comment. Source: get_argument() in sbatch's opt.c;
 * tested with 24.11.5.
 * @param option `--name` or `--name=value`
 */
export function sbatchLine(option: string): string {
  const cut = option.indexOf("=");
  const value = option.slice(cut + 1);
  if (cut < 0 || PLAIN.test(value)) return option;
  return `${option.slice(0, cut + 1)}"${value.replaceAll(/[\\"]/g, "\\$&")}"`;
}

/**
 * Escapes a path for `--output`, where `%` begins a replacement and is doubled; a backslash would disable all
 * replacements, so such paths are refused before (sbatch(1), FILENAME PATTERN).
 */
export const filenamePattern = (path: string): string => path.replaceAll("%", "%%");

/** Variables of the submitter that every job receives, besides those of --env: location, user, language. */
export const PASSED = ["HOME", "USER", "LOGNAME", "PATH", "LANG", "LC_ALL", "TZ"];

/**
 * Returns all sbatch options of one chunk, as `--name` or `--name=value`. They are both lines of the script, for
 * submission by hand, and arguments of our sbatch command, because the submitter's SBATCH_… variables override lines
 * but not arguments (sbatch(1), INPUT ENVIRONMENT VARIABLES).
 * @throws {FarmError} usage
 */
export function directives({ run_dir, options, manifest }: RenderContext, chunk: Chunk, token: string): string[] {
  return [
    `--job-name=${jobName(manifest.run_id, token)}`,
    `--comment=${jobComment(token)}`,
    `--array=${formatIndexes(tasksFor(chunk, null))}${chunk.throttle === undefined ? "" : `%${chunk.throttle}`}`,
    "--nodes=1",
    "--ntasks=1",
    ...resources(options),
    `--output=${filenamePattern(plainRunDir(run_dir))}/${LOGS}/slurm_%A_%a.log`,
    `--export=${[...new Set([...PASSED, ...readSite(options).env])].join(",")},NSFARM_TOKEN=${token}`,
    // A task requeued by Slurm would be a second attempt that nobody requested: retry does that.
    "--no-requeue",
    ...readFreeLines(listOption(options, "slurm-sbatch")),
  ];
}

function resources(options: Options): string[] {
  return SLURM_OPTIONS.flatMap((option) => {
    const flag = sbatchFlag(option);
    const value = flag && textOption(options, option.name);
    return value === undefined || value === "" ? [] : [`--${flag}=${value}`];
  });
}

/** Refuses a backslash, with which Slurm replaces neither %A nor %a (sbatch(1), FILENAME PATTERN). */
function plainRunDir(run_dir: string): string {
  if (!run_dir.includes("\\")) return onePathLine("the run directory", run_dir);
  throw new FarmError(
    "usage",
    `Cannot use the run directory "${run_dir}" with Slurm: its path has a backslash, so that all jobs would write one log`,
    "Choose an --out-dir without one",
  );
}
