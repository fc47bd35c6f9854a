import type { Command, CommandResult, Place, SchedulerLimits } from "../adapter.ts";

/** Asks for the version, the site's limits on submissions, and the machines of the pool and whose files they see. */
export function probeHTCondor(): Command[] {
  return [
    { argv: ["condor_version"], timeout_s: 30 },
    { argv: ["condor_config_val", "MAX_JOBS_PER_SUBMISSION", "MAX_JOBS_PER_OWNER"], timeout_s: 30 },
    {
      argv: [
        "condor_status",
        "-compact",
        ...columns(["Machine", "State", "TotalCpus", "TotalMemory", "FileSystemDomain"]),
      ],
      timeout_s: 60,
    },
    { argv: ["condor_config_val", "FILESYSTEM_DOMAIN"], timeout_s: 30 },
  ];
}

const columns = (names: string[]): string[] =>
  names.flatMap((name, i) => ["-format", i === 0 ? "nsfarm|%v" : i === names.length - 1 ? "|%v\\n" : "|%v", name]);

export function readHTCondorProbe([version, limits, status, domain]: CommandResult[]): SchedulerLimits {
  const named = /\$CondorVersion:\s*(\S+)/.exec(textOf(version))?.[1];
  const numbers = [...textOf(limits).matchAll(/^\s*(\d+)\s*$/gm)].map(([, text]) => Number(text)).filter((n) => n > 0);
  return {
    max_array_size: null,
    max_submit_jobs: numbers.length === 0 ? null : Math.min(...numbers),
    accounting: true,
    ...(named === undefined ? {} : { version: named }),
    places: readMachines(textOf(status), textOf(domain).trim()),
  };
}

const MACHINE = /^nsfarm\|([^|]+)\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)$/;

const textOf = (result: CommandResult | undefined): string => result?.exit_code === 0 ? result.stdout : "";

/**
 * A job that transfers no files asks for a machine of the FileSystemDomain of the machine that submits it
 * (condor_submit(1), should_transfer_files).
 */
function readMachines(text: string, domain: string): Place[] {
  const found = new Map<string, Place>();
  for (const line of text.split("\n")) {
    const [, name, state = "", cpus, memory, theirs = ""] = MACHINE.exec(line) ?? [];
    if (name === undefined || found.has(name)) continue;
    found.set(name, {
      name,
      state: state.toLowerCase(),
      nodes: 1,
      cpus: whole(cpus),
      memory_mb: whole(memory),
      time_limit: null,
      ...(domain === "" || theirs === "" ? {} : { shares_files: theirs.toLowerCase() === domain.toLowerCase() }),
    });
  }
  return [...found.values()];
}

const whole = (text: string | undefined): number | null => /^\d+(\.0+)?$/.test(text ?? "") ? Number(text) : null;
