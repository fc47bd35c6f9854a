/** Commands of runs by time on clusters, with fits that wait. */
import { minutesArgs, waitingNextstat } from "../support/minutes.ts";
import type { SlurmFarm } from "./slurm_farm.ts";
import type { SshFarm } from "./ssh_hosts.ts";

export const MINUTES_HOSTS = ["w1", "w2", "w3"];
/** Real fits take about 10 ms a toy of one of the machine's cores, which all hosts share. */
const WAITS = { ms_a_toy: 100, slow: { host: "w3", times: 3 } };

/** Returns the words of a run by time on Slurm. @param before lines of sh before each fit */
export async function slurmMinutes(
  { folder }: SlurmFarm,
  minutes: number,
  toys: number,
  before = "",
): Promise<string[]> {
  const nextstat = await waitingNextstat(folder, { ms_a_toy: 100, before });
  return ["run", "--scheduler", "slurm", ...minutesArgs(folder, minutes, { toys, nextstat })];
}

/** Returns the words of a run by time on hosts of two speeds. */
export async function sshMinutes(
  { hosts, folder, hostsFile }: SshFarm,
  minutes: number,
  toys: number,
): Promise<string[]> {
  const nextstat = await waitingNextstat(hosts.open, WAITS);
  return [
    ...["run", "--scheduler", "ssh", "--hosts-file", await hostsFile(...MINUTES_HOSTS), "--ssh-config", hosts.config],
    ...minutesArgs(folder, minutes, { toys, nextstat }),
  ];
}
