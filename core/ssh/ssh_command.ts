import type { FarmHost } from "./hosts_file.ts";

/** How hosts are reached. */
export interface SshSettings {
  user: string | null;
  port: number | null;
  /** Private key file. */
  key: string | null;
  /** ssh configuration file in place of the user's. */
  config: string | null;
  connect_timeout_s: number;
  /** Take the key of a host that was never seen before; a changed key is refused all the same. */
  accept_new: boolean;
}

/**
 * Never a question, a hang, a forwarded agent or a command of the user's configuration; host keys as that
 * configuration says. A connection on which nothing comes for 15 × 4 s is given up (ssh_config(5)).
 */
const OPTIONS = [
  "BatchMode=yes",
  "ServerAliveInterval=15",
  "ServerAliveCountMax=4",
  "ConnectionAttempts=1",
  "ForwardAgent=no",
  "ForwardX11=no",
  "ClearAllForwardings=yes",
  "PermitLocalCommand=no",
  "RemoteCommand=none",
  "RequestTTY=no",
  "ControlPersist=no",
];

/**
 * ssh as argv. The line's own user and port win over the settings, which win over the user's configuration.
 * @param control socket of this host's one connection
 * @param role who opens that connection, and who uses it
 */
export function sshCommand(
  host: FarmHost,
  settings: SshSettings,
  control: string,
  role: "master" | "client",
  remote: string,
): string[] {
  const options = [
    ...OPTIONS,
    `ConnectTimeout=${settings.connect_timeout_s}`,
    `ControlMaster=${role === "master" ? "yes" : "no"}`,
    `ControlPath=${control}`,
    ...(settings.accept_new ? ["StrictHostKeyChecking=accept-new"] : []),
  ];
  const [user, port] = [host.user ?? settings.user, host.port ?? settings.port];
  return [
    "ssh",
    ...(settings.config === null ? [] : ["-F", settings.config]),
    ...options.flatMap((option) => ["-o", option]),
    ...(settings.key === null ? [] : ["-i", settings.key]),
    ...(user === null ? [] : ["-l", user]),
    ...(port === null ? [] : ["-p", `${port}`]),
    "--",
    host.name,
    remote,
  ];
}

/**
 * The one command that a host's login shell sees, whichever shell that is: it hands over to sh, which takes its script,
 * of so many bytes, from its input. What the script does not read is there for its commands.
 */
export const takeScript = (bytes: number): string => `exec sh -c 'eval "$(dd bs=1 count=${bytes} 2>/dev/null)"'`;
