import { printable } from "../failure.ts";
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

/** What a host that takes no key means for the user. */
export const NOT_LET_IN = "ssh login failed: no key accepted without a prompt (see --ssh-key)";

/** Texts of OpenSSH's client (sshconnect.c, ssh.c, packet.c) and what they mean for the user. */
const KNOWN: [RegExp, string][] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for .* has changed/,
    "its host key has changed: another or a reinstalled machine; if so, remove the old key with ssh-keygen -R",
  ],
  [
    /Host key verification failed|No .* host key is known/,
    "its host key is unknown: log in once by hand, or give --accept-new",
  ],
  // Before all that follows from it: without a place for its socket ssh says that a connection was refused.
  [/No space left on device/, "the disk here or there is full: No space left on device"],
  [/Disk quota exceeded/, "the disk quota here or there is used up"],
  [/Permission denied/, NOT_LET_IN],
  [/Could not resolve hostname|Name or service not known/, "its name cannot be resolved"],
  [/connect to host .*: Connection refused/, "nothing listens on its ssh port"],
  [/timed out|Operation timed out|not responding/, "it does not answer in time"],
  [/No route to host|Network is unreachable/, "no network route to it"],
  [/Connection (?:closed|reset)|Broken pipe|Connection to .* closed/, "the connection broke"],
];

/** What ssh said, as one line: the meaning first where it is known. */
export function sshFault(stderr: string, otherwise: string): string {
  const lines = stderr.split(/\r?\n/).filter((line) => line.trim() !== "" && !/^@+$|^@ {2}/.test(line.trim()));
  const known = KNOWN.find(([pattern]) => pattern.test(stderr));
  const last = lines.at(-1);
  if (known) return known[1];
  return last === undefined ? otherwise : printable(last.trim()).slice(0, 200);
}
