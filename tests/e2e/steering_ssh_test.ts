import { readFileSync } from "node:fs";
import { readCpuinfo } from "../../runtime/system/machine.ts";
import { sshFile } from "../clusters/ssh_hosts.ts";
import { steeringTests } from "../clusters/steering.ts";

const test = sshFile({ hosts: 2 });

/** Slots of a host: its cores (hostShape). */
const cores = readCpuinfo(readFileSync("/proc/cpuinfo", "utf8")).cpus_physical ?? navigator.hardwareConcurrency;

steeringTests("ssh hosts", (name, work) =>
  test(name, async (farm) => {
    const hosts = await farm.hostsFile("w1", "w2");
    await work({
      ...farm,
      words: ["--scheduler", "ssh", "--hosts-file", hosts, "--ssh-config", farm.hosts.config],
      slots: 2 * cores,
      fit: farm.standIn,
    });
  }));
