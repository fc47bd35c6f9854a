import { type FlagTable, type FlagValues, TIME_LIMIT } from "../flags.ts";
import type { FarmManifest } from "../schema/manifest.ts";
import { quoteCommand } from "../shell_quote.ts";
import type { SshSettings } from "./ssh_command.ts";

/** Folder in the home directory for runs on hosts that do not see the run directory. */
export const REMOTE_BASE = "nsfarm_runs";

/** Options of connections, for preflight and runs. */
export const SSH_CONNECTION = {
  "ssh-user": {
    type: "string",
    placeholder: "NAME",
    help: "user on hosts without their own in the hosts file",
    pattern: "[A-Za-z0-9_][A-Za-z0-9._-]{0,63}",
  },
  "ssh-key": { type: "path", placeholder: "PATH", help: "private key file" },
  "ssh-port": {
    type: "integer",
    min: 1,
    max: 65535,
    placeholder: "PORT",
    help: "port of hosts without their own in the hosts file",
  },
  "ssh-config": { type: "path", placeholder: "PATH", help: "ssh configuration file to use instead of yours" },
  "accept-new": { type: "boolean", help: "accept the host keys of new hosts; a changed key is still refused" },
} as const satisfies FlagTable;

/** Returns the settings of those options; their paths are absolute. */
export const sshSettings = (flags: FlagValues<typeof SSH_CONNECTION>, connect_timeout_s: number): SshSettings => ({
  user: flags.sshUser ?? null,
  port: flags.sshPort ?? null,
  key: flags.sshKey ?? null,
  config: flags.sshConfig ?? null,
  connect_timeout_s,
  accept_new: flags.acceptNew,
});

/** Returns the command that checks a run's hosts over the run's connections, for a user. @param options of the run */
export function preflightCommand(options: FarmManifest["farm"]["options"]): string {
  const words = ["hosts-file", ...Object.keys(SSH_CONNECTION)].flatMap((name) => {
    const value = options[name];
    return value === undefined || value === false ? [] : value === true ? [`--${name}`] : [`--${name}`, `${value}`];
  });
  return quoteCommand(["nsfarm-deno", "preflight", ...words]);
}

/** Options of the scheduler ssh, in the order of its help. */
export const SSH_FLAGS = {
  "hosts-file": {
    type: "path",
    required: true,
    placeholder: "PATH",
    help: "hosts, one per line: HOST [weight=NUMBER] [threads=COUNT] [user=NAME] [port=NUMBER]; read at each start",
  },
  ...SSH_CONNECTION,
  "connect-timeout-s": {
    group: "Advanced",
    type: "number",
    min: 1,
    default: 15,
    placeholder: "S",
    help: "time limit for a connection",
  },
  "command-timeout-s": {
    group: "Advanced",
    type: "number",
    min: 1,
    default: 600,
    placeholder: "S",
    help: "time limit for sending all files of the run to a host",
  },
  "remote-base-dir": {
    type: "string",
    default: REMOTE_BASE,
    placeholder: "DIR",
    help: "folder for runs on hosts without the run directory; relative to the home directory there",
  },
  "remote-nextstat-bin": {
    type: "string",
    placeholder: "PATH",
    help: "path of nextstat on the hosts, instead of sending --nextstat-bin; same version",
  },
  "host-retry-s": {
    group: "Advanced",
    type: "number",
    min: 0.1,
    default: 15,
    placeholder: "S",
    help: "pause a failing host for this long, then twice as long each time",
  },
  "host-lost-s": {
    group: "Advanced",
    type: "number",
    min: 0,
    default: 60,
    placeholder: "S",
    help: "if a host is silent for this long, other hosts rerun its unfinished shards",
  },
  "static": {
    group: "How to split it",
    type: "boolean",
    help: "give each host one share of the toys, by weight, instead of many shards",
  },
  "weight-mode": {
    group: "How to split it",
    type: "string",
    choices: ["uniform", "physical", "logical"],
    default: "physical",
    placeholder: "MODE",
    help: "with --static: default weight of a host: the same for all, or its number of cores",
  },
  "preflight-json": {
    group: "Advanced",
    type: "path",
    placeholder: "PATH",
    help: "with --static: use this file from preflight --out instead of checking the hosts again",
  },
  "ssh-time": {
    type: "string",
    placeholder: "HH:MM:SS",
    help: "time limit of a shard; longer ones are stopped",
    pattern: TIME_LIMIT,
  },
} as const satisfies FlagTable;
