import type { Preflight } from "../../core/contracts/preflight.ts";
import type { HostsFile } from "../../core/ssh/hosts_file.ts";
import { preflightDocument, type ProbedHost } from "../../core/ssh/preflight.ts";
import type { SshSettings } from "../../core/ssh/ssh_command.ts";
import { lookAtMachine } from "../machine/machine.ts";
import { openControlFolder } from "./control_folder.ts";
import { probeHost, type ProbeOrder } from "./probe_host.ts";

/** Looks at all hosts, so many at a time; the answer is in their order. */
export async function preflightHosts(
  hosts_file: string,
  { hosts }: HostsFile,
  settings: SshSettings,
  order: ProbeOrder & { jobs: number },
): Promise<Preflight> {
  const folder = await openControlFolder(await lookAtMachine());
  try {
    const probed: ProbedHost[] = [];
    let next = 0;
    const takeHosts = async () => {
      for (let i = next++; i < hosts.length; i = next++) {
        const host = hosts[i];
        if (host) probed[i] = await probeHost(host, settings, folder.socket(i), order);
      }
    };
    await Promise.all(Array.from({ length: Math.min(order.jobs, hosts.length) }, takeHosts));
    return preflightDocument(hosts_file, probed, new Date().toISOString());
  } finally {
    folder.remove();
  }
}
