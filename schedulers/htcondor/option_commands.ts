import { durationSeconds } from "../../core/parse_flag.ts";
import type { RenderContext } from "../adapter.ts";
import { countOption, type Options, textOption } from "../read_options.ts";
import { readSite } from "../site_options.ts";
import { submitExpression, submitValue } from "./submit_value.ts";

export const requestedCpus = (options: Options): number => countOption(options, "condor-request-cpus") ?? 1;

/** Codes of the holds after which a job can never succeed as it is: over its memory, or over its time. */
const HOPELESS = [34, 46, 47];

/** The commands that options ask for. @throws {FarmError} usage */
export function optionCommands({ options }: RenderContext): string[] {
  const line = (command: string, value: string | number | undefined) =>
    value === undefined ? [] : [`${command} = ${value}`];
  const text = (name: string) => {
    const value = textOption(options, name);
    return value === undefined ? undefined : submitValue(value);
  };
  const requirements = textOption(options, "condor-requirements");
  const time = textOption(options, "condor-max-run-time");
  const { env } = readSite(options);
  return [
    ...line("request_cpus", requestedCpus(options)),
    ...line("request_memory", text("condor-request-memory")),
    ...line("request_disk", text("condor-request-disk")),
    ...line("requirements", requirements && submitExpression("condor-requirements", requirements)),
    ...line("accounting_group", text("condor-accounting-group")),
    // Not allowed_execute_duration, which a job that begins in the second of its shadow's start never reaches
    // (user_job_policy.cpp, "beganExecuting > birthday"; seen with 23.9.6).
    ...line("allowed_job_duration", time && durationSeconds("--condor-max-run-time")(time)),
    // Held for good otherwise: what is to be done is for a person's retry to say.
    `periodic_remove = JobStatus == 5 && (${HOPELESS.map((code) => `HoldReasonCode == ${code}`).join(" || ")})`,
    ...line("max_idle", countOption(options, "condor-max-idle")),
    ...line("max_materialize", countOption(options, "condor-max-materialize")),
    // The names of --env and no others. Not `environment`, beside which values with ; or " are dropped (23.9.6).
    ...line("getenv", env.length === 0 ? undefined : env.join(", ")),
  ];
}
