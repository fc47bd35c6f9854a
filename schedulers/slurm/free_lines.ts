import { FarmError } from "../../core/errors.ts";
import { sbatchFlag, SLURM_OPTIONS } from "./options.ts";

/** Options of sbatch that this program writes itself or that would change what is run, and what to use instead. */
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
 * Checks free #SBATCH lines: one long option each, none that is set elsewhere. sbatch takes any unambiguous beginning
 * of a name (getopt_long(3)), so `--arr=0-3` is refused as well.
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

/** As a person would write it in a script: the quotes around a value are not part of it. */
const unquoted = (value: string) => /^(["'])(.*)\1$/.exec(value)?.[2] ?? value;

function refused(line: string, why: string, instead?: string): FarmError {
  return new FarmError("usage", `Cannot use --slurm-sbatch "${line}": ${why}`, instead && `Use ${instead}`);
}
