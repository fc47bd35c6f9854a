import { printable } from "../find_cause.ts";

/** What a host that takes no key means for the user. */
export const NOT_LET_IN = "it does not let us in: no key of yours is accepted there without a question";

/** Texts of OpenSSH's client (sshconnect.c, ssh.c, packet.c) and what they mean for the user. */
const KNOWN: [RegExp, string][] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for .* has changed/,
    "its host key is not the one on record: another machine, or it was installed anew; if that is so, remove the old key with ssh-keygen -R",
  ],
  [
    /Host key verification failed|No .* host key is known/,
    "its host key is not known: log in once by hand, or give --accept-new",
  ],
  // Before all that follows from it: without a place for its socket ssh says that a connection was refused.
  [/No space left on device/, "a disk is full, this machine's or its own: No space left on device"],
  [/Disk quota exceeded/, "a disk quota is used up, on this machine or there"],
  [/Permission denied/, NOT_LET_IN],
  [/Could not resolve hostname|Name or service not known/, "its name cannot be resolved"],
  [/connect to host .*: Connection refused/, "nothing listens on its ssh port"],
  [/timed out|Operation timed out|not responding/, "it does not answer in time"],
  [/No route to host|Network is unreachable/, "there is no way to it in the network"],
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
