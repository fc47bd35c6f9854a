import type { FlagTable, FlagValues } from "../flags.ts";
import type { SshSettings } from "./ssh_command.ts";

/** The folder for runs on hosts that do not see the run directory, in the home there. */
export const REMOTE_BASE = "nsfarm_runs";

/** How hosts are reached: for preflight and for runs. */
export const SSH_CONNECTION = {
  "ssh-user": {
    type: "string",
    placeholder: "NAME",
    help: "user on the hosts whose line names none",
    pattern: "[A-Za-z0-9_][A-Za-z0-9._-]{0,63}",
  },
  "ssh-key": { type: "path", placeholder: "PATH", help: "private key file" },
  "ssh-port": {
    type: "integer",
    min: 1,
    max: 65535,
    placeholder: "PORT",
    help: "port of the hosts whose line names none",
  },
  "ssh-config": { type: "path", placeholder: "PATH", help: "ssh configuration file in place of yours" },
  "accept-new": {
    type: "boolean",
    help: "take the host key of a host never seen before; a changed key is refused all the same",
  },
} as const satisfies FlagTable;

/** How hosts are reached, by those flags; their paths are absolute. */
export const sshSettings = (flags: FlagValues<typeof SSH_CONNECTION>, connect_timeout_s: number): SshSettings => ({
  user: flags.sshUser ?? null,
  port: flags.sshPort ?? null,
  key: flags.sshKey ?? null,
  config: flags.sshConfig ?? null,
  connect_timeout_s,
  accept_new: flags.acceptNew,
});

/** The options of the scheduler ssh, in the order of its help. */
export const SSH_FLAGS = {
  "hosts-file": {
    type: "path",
    required: true,
    placeholder: "PATH",
    help: "hosts, one a line: HOST [weight=NUMBER] [threads=COUNT] [user=NAME] [port=NUMBER]; read at each start",
  },
  ...SSH_CONNECTION,
  "connect-timeout-s": {
    group: "Advanced",
    type: "number",
    min: 1,
    default: 15,
    placeholder: "S",
    help: "how long a connection may take",
  },
  "command-timeout-s": {
    group: "Advanced",
    type: "number",
    min: 1,
    default: 600,
    placeholder: "S",
    help: "how long a host may take until it has all files of the run",
  },
  "remote-base-dir": {
    type: "string",
    default: REMOTE_BASE,
    placeholder: "DIR",
    help: "folder for runs on hosts that do not see the run directory; relative to the home there",
  },
  "remote-nextstat-bin": {
    type: "string",
    placeholder: "PATH",
    help: "nextstat on the hosts, in place of sending --nextstat-bin; of the same version",
  },
  "host-retry-s": {
    group: "Advanced",
    type: "number",
    min: 0.1,
    default: 15,
    placeholder: "S",
    help: "a host that fails is set aside for so long, then twice as long each time",
  },
  "host-lost-s": {
    group: "Advanced",
    type: "number",
    min: 0,
    default: 60,
    placeholder: "S",
    help: "after so long without a connection idle slots of other hosts also run the shards that a host has begun",
  },
  "static": {
    group: "How to split it",
    type: "boolean",
    help: "one share of the toys for each host, by weight, in place of shards that are taken one after the other",
  },
  "weight-mode": {
    group: "How to split it",
    type: "string",
    choices: ["uniform", "physical", "logical"],
    default: "physical",
    placeholder: "MODE",
    help: "with --static: weight of the hosts whose line gives none: the same for all, or their cores",
  },
  "preflight-json": {
    group: "Advanced",
    type: "path",
    placeholder: "PATH",
    help: "with --static: what preflight --out wrote, in place of looking at the hosts again",
  },
  "ssh-time": {
    type: "string",
    placeholder: "HH:MM:SS",
    help: "stop a shard that runs longer than this",
    pattern: "(\\d+-)?(\\d+:)?\\d+:\\d+|\\d+",
  },
} as const satisfies FlagTable;
