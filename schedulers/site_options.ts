import { FarmError } from "../core/errors.ts";
import type { SchedulerOption } from "./adapter.ts";
import { countOption, listOption, type Options, textOption } from "./read_options.ts";

const NAME = "[A-Za-z_][A-Za-z0-9_]*";

/**
 * What a site may need in its jobs, whatever the scheduler.
 * @param passed names of the submitter's variables that jobs get in any case
 */
export const siteOptions = (passed: readonly string[]): SchedulerOption[] => [
  {
    name: "setup",
    type: "strings",
    placeholder: "LINE",
    help: "a shell line to run in each job before nextstat, as you would type it: 'module load gcc' (repeatable)",
  },
  {
    name: "env",
    type: "strings",
    placeholder: "NAME",
    help: `pass this variable of your environment to the jobs; ${
      passed.length === 0 ? "no other one is passed" : `beside these no other one is passed: ${passed.join(", ")}`
    } (repeatable)`,
    pattern: NAME,
  },
  {
    name: "container",
    type: "string",
    placeholder: "IMAGE",
    help: "run nextstat in this Apptainer image: a .sif file, a folder below /cvmfs, docker://…",
  },
  {
    name: "shards-per-job",
    type: "integer",
    min: 1,
    placeholder: "N",
    help: "run so many shards one after the other in each job",
    default: 1,
  },
];

export interface Site {
  setup: string[];
  env: string[];
  container: string | undefined;
  shards_per_job: number;
}

/** @throws {FarmError} usage */
export function readSite(options: Options): Site {
  return {
    setup: listOption(options, "setup"),
    env: [...new Set(listOption(options, "env").map(variableName))],
    container: textOption(options, "container"),
    shards_per_job: countOption(options, "shards-per-job") ?? 1,
  };
}

function variableName(name: string): string {
  if (new RegExp(`^${NAME}$`).test(name)) return name;
  throw new FarmError("usage", `Cannot use --env "${name}": wanted the name of a variable, without its value`);
}
