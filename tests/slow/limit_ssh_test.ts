// slow: limits of some dozens of shards on ssh hosts, killed again and again, take a minute
import { limitTests } from "../clusters/limits.ts";
import { sshFile } from "../clusters/ssh_hosts.ts";

const test = sshFile({ hosts: 2 });

limitTests("ssh hosts", (name, work) =>
  test(name, async (farm) => {
    const hosts = await farm.hostsFile("w1", "w2");
    await work({
      ...farm,
      words: ["--scheduler", "ssh", "--hosts-file", hosts, "--ssh-config", farm.hosts.config],
      open: farm.hosts.open,
    });
  }));
