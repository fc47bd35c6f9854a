import { minutesArgs, waitingNextstat } from "../support/minutes.ts";
import type { SshFarm } from "./ssh_hosts.ts";

export const MINUTES_HOSTS = ["w1", "w2", "w3"];
/** Real fits take about 10 ms a toy of one of the machine's cores, which all hosts share. */
const WAITS = { ms_a_toy: 100, slow: { host: "w3", times: 3 } };

/** Returns the words of a run by time on hosts of two speeds. */
export async function sshMinutesWords(
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
