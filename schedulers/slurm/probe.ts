import type { Command, CommandResult, Place, SchedulerLimits, SubmitLimit } from "../adapter.ts";

/** Asks slurmctld for its limits and partitions, and accounting for what this user may have in the queue. */
export function probeSlurm(user?: string): Command[] {
  const name = user !== undefined && /^[A-Za-z0-9._][A-Za-z0-9._-]*$/.test(user) ? user : undefined;
  return [
    { argv: ["scontrol", "show", "config"], timeout_s: 60 },
    { argv: ["sinfo", "--noheader", "--format=%R|%a|%D|%C|%m|%l"], timeout_s: 60 },
    ...(name === undefined ? [] : [
      assoc(["association", "where", `user=${name}`, "format=account,partition,maxsubmitjobs,defaultqos"]),
      assoc(["qos", "format=name,maxsubmitjobsperuser"]),
    ]),
  ];
}

const assoc = (words: string[]): Command => ({
  argv: ["sacctmgr", "--noheader", "--parsable2", "--readonly", "show", ...words],
  timeout_s: 60,
});

export function readSlurmProbe([config, sinfo, associations, qos]: CommandResult[]): SchedulerLimits {
  const limits: SchedulerLimits = { ...readConfig(textOf(config)), places: readPartitions(textOf(sinfo)) };
  const submit_limits = readSubmitLimits(textOf(associations), textOf(qos));
  return submit_limits.length === 0 ? limits : { ...limits, submit_limits };
}

const textOf = (result: CommandResult | undefined): string => result?.exit_code === 0 ? result.stdout : "";

/** `MaxArraySize            = 20000` (scontrol(1), show config). */
function readConfig(text: string): SchedulerLimits {
  if (text === "") return {};
  const value = (name: string) => new RegExp(`^${name}\\s*=\\s*(.*?)\\s*$`, "m").exec(text)?.[1];
  const number = (name: string) => numberOf(value(name)?.replace(/ sec$/, ""));
  const accounting = /slurmdbd/.test(value("AccountingStorageType") ?? "");
  const [max_array_size, job_age_s, version] = [number("MaxArraySize"), number("MinJobAge"), value("SLURM_VERSION")];
  const cluster = value("ClusterName");
  return {
    ...(max_array_size === null ? {} : { max_array_size }),
    ...(job_age_s === null ? {} : { job_age_s }),
    ...(version === undefined ? {} : { version }),
    ...(cluster === undefined ? {} : { cluster }),
    // Limits of users are kept by slurmdbd (slurm.conf(5), AccountingStorageEnforce).
    ...(accounting ? {} : { max_submit_jobs: null }),
    accounting,
  };
}

/** `main|up|2|0/4/0/4|4000|infinite`: of CPUs allocated, idle, other, total (sinfo(1), --format). */
function readPartitions(text: string): Place[] {
  return rowsOf(text).flatMap(([name, state, nodes, cpus, memory, time]) =>
    name === undefined || state === undefined ? [] : [{
      name,
      state,
      nodes: numberOf(nodes),
      cpus: numberOf(cpus?.split("/").at(-1)),
      memory_mb: configuredMemory(memory),
      time_limit: time === undefined || time === "infinite" ? null : time,
    }]
  );
}

/** A node whose RealMemory is not configured has 1 MB (slurm.conf(5)). */
function configuredMemory(text: string | undefined): number | null {
  const memory_mb = numberOf(text);
  return memory_mb === 1 ? 0 : memory_mb;
}

/** An association without a limit of its own has that of its default QOS (sacctmgr(1), MaxSubmitJobs). */
function readSubmitLimits(associations: string, qos: string): SubmitLimit[] {
  const of_qos = new Map(
    rowsOf(qos).flatMap(([name, most]) => {
      const max = numberOf(most);
      return name === undefined || max === null ? [] : [[name, max] as const];
    }),
  );
  const of_user = rowsOf(associations).flatMap(([account, partition, own, default_qos]) => {
    const max = Math.min(numberOf(own) ?? Infinity, of_qos.get(default_qos ?? "") ?? Infinity);
    if (account === undefined || max === Infinity) return [];
    return [{ account, partition: partition || null, qos: null, max_submit_jobs: max }];
  });
  const named = [...of_qos].map(([name, max_submit_jobs]) => ({
    account: null,
    partition: null,
    qos: name,
    max_submit_jobs,
  }));
  return [...of_user, ...named];
}

const rowsOf = (text: string): string[][] =>
  text.split("\n").filter((line) => line.includes("|")).map((line) => line.trim().split("|"));

/** `128000+`, `16`; null where it is no number. */
function numberOf(text: string | undefined): number | null {
  const number = /^(\d+)\+?$/.exec(text?.trim() ?? "")?.[1];
  return number === undefined ? null : Number(number);
}
