import type { Command } from "commander";
import { resolve } from "node:path";
import * as z from "zod/mini";
import { FarmError } from "../core/errors.ts";
import { plainPath, realNumber, wholeNumber } from "../core/parse_flag.ts";
import type { SshSettings } from "../core/ssh/ssh_command.ts";

/** The flags that say how hosts are reached; preflight and run share them. */
export function defineSshFlags(command: Command): void {
  command
    .option("--ssh-user <name>", "user on the hosts whose line names none", sshUser)
    .option("--ssh-key <path>", "private key file", plainPath("--ssh-key"))
    .option("--ssh-port <port>", "port of the hosts whose line names none", wholeNumber("--ssh-port", 1, 65535))
    .option("--ssh-config <path>", "ssh configuration file in place of yours", plainPath("--ssh-config"))
    .option("--accept-new", "take the host key of a host never seen before; a changed key is refused all the same");
}

const Flags = z.object({
  sshUser: z.optional(z.string()),
  sshKey: z.optional(z.string()),
  sshPort: z.optional(z.number()),
  sshConfig: z.optional(z.string()),
  acceptNew: z._default(z.boolean(), false),
});

export function readSshFlags(options: Record<string, unknown>, connect_timeout_s: number): SshSettings {
  const flags = Flags.parse(options);
  return {
    user: flags.sshUser ?? null,
    port: flags.sshPort ?? null,
    key: flags.sshKey === undefined ? null : resolve(flags.sshKey),
    config: flags.sshConfig === undefined ? null : resolve(flags.sshConfig),
    connect_timeout_s: Math.max(1, Math.round(connect_timeout_s)),
    accept_new: flags.acceptNew,
  };
}

function sshUser(text: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/.test(text)) return text;
  throw new FarmError("usage", `Cannot use --ssh-user "${text}": wanted a user name`);
}

export const seconds = (flag: string) => realNumber(flag, 0.1);
