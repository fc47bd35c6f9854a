import { printable } from "../failure.ts";
import type { FarmHost } from "./hosts_file.ts";

export interface SshSettings {
  user: string | null;
  port: number | null;
  key: string | null;
  /** ssh configuration file that replaces the user's. */
  config: string | null;
  connect_timeout_s: number;
  /** Whether to accept the key of an unknown host; a changed key is refused in any case. */
  accept_new: boolean;
}

/**
 * Options that exclude prompts, hangs, agent forwarding and commands of the user's configuration; host keys follow that
 * configuration. A connection without data for 15 × 4 s ends (ssh_config(5)).
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
 * Returns an ssh command. User and port of the host's line override the settings, which override the user's
 * configuration.
 * @param control socket of this host's only connection
 * @param role whether the command opens that connection or uses it
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
 * Returns the only command for a host's login shell, whichever shell it is: it starts sh, which reads a script of this
 * many bytes from stdin. The rest of stdin is input for the script's commands.
 */
export const takeScript = (bytes: number): string => `exec sh -c 'eval "$(dd bs=1 count=${bytes} 2>/dev/null)"'`;

export const NOT_LET_IN = "ssh login failed: no key accepted without a prompt (see --ssh-key)";

/** Messages of OpenSSH's client (sshconnect.c, ssh.c, packet.c) and their meaning for the user. */
const KNOWN: [RegExp, string][] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for .* has changed/,
    "its host key has changed: another or a reinstalled machine; if so, remove the old key with ssh-keygen -R",
  ],
  [
    /Host key verification failed|No .* host key is known/,
    "its host key is unknown: log in once by hand, or give --accept-new",
  ],
  // Comes before its consequences: without space for its socket ssh reports a refused connection.
  [/No space left on device/, "the disk here or there is full: No space left on device"],
  [/Disk quota exceeded/, "the disk quota here or there is used up"],
  [/Permission denied/, NOT_LET_IN],
  [/Could not resolve hostname|Name or service not known/, "its name cannot be resolved"],
  [/connect to host .*: Connection refused/, "nothing listens on its ssh port"],
  [/timed out|Operation timed out|not responding/, "it does not answer in time"],
  [/No route to host|Network is unreachable/, "no network route to it"],
  [/Connection (?:closed|reset)|Broken pipe|Connection to .* closed/, "the connection broke"],
];

/** Returns ssh's message on one line, after its meaning where that is known. */
export function sshFault(stderr: string, otherwise: string): string {
  const lines = stderr.split(/\r?\n/).filter((line) => line.trim() !== "" && !/^@+$|^@ {2}/.test(line.trim()));
  const known = KNOWN.find(([pattern]) => pattern.test(stderr));
  const last = lines.at(-1);
  if (known) return known[1];
  return last === undefined ? otherwise : printable(last.trim()).slice(0, 200);
}
