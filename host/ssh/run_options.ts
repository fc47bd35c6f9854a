import type { FarmManifest, OptionValue } from "../../core/contracts/manifest.ts";
import { FarmError } from "../../core/errors.ts";
import { durationSeconds } from "../../core/parse_flag.ts";
import type { SshSettings } from "../../core/ssh/ssh_command.ts";
import { THREAD_POLICIES, type ThreadPolicy } from "../../core/ssh/host_shape.ts";
import { DEFAULT_BASE } from "../../schedulers/host_agent.ts";

/** The options of the scheduler ssh, as a run keeps them. */
export interface RunOptions {
  hosts_file: string;
  settings: SshSettings;
  base: string;
  remote_nextstat: string | null;
  setup_timeout_s: number;
  host_retry_s: number;
  host_lost_s: number;
  time_limit_s: number | null;
  /** Where --threads was a word; null: it was a number. */
  threads: ThreadPolicy | null;
}

/** @throws {FarmError} usage, for a run without a hosts file */
export function runOptions(run_id: string, options: FarmManifest["farm"]["options"]): RunOptions {
  const text = (name: string) => textOf(options[name]);
  const number = (name: string, otherwise: number) => Number(options[name] ?? otherwise);
  const hosts_file = text("hosts-file");
  const time = text("ssh-time");
  if (hosts_file === null) {
    throw new FarmError("usage", `Cannot run "${run_id}" on hosts: it was rendered without a hosts file`);
  }
  return {
    hosts_file,
    settings: {
      user: text("ssh-user"),
      port: options["ssh-port"] === undefined ? null : number("ssh-port", 0),
      key: text("ssh-key"),
      config: text("ssh-config"),
      connect_timeout_s: Math.ceil(number("connect-timeout-s", 15)),
      accept_new: options["accept-new"] === true,
    },
    base: text("remote-base-dir") ?? DEFAULT_BASE,
    remote_nextstat: text("remote-nextstat-bin"),
    setup_timeout_s: number("command-timeout-s", 600),
    host_retry_s: number("host-retry-s", 15),
    host_lost_s: number("host-lost-s", 60),
    time_limit_s: time === null ? null : durationSeconds("--ssh-time")(time),
    threads: THREAD_POLICIES.find((word) => word === options["threads-policy"]) ?? null,
  };
}

const textOf = (value: OptionValue | undefined): string | null => typeof value === "string" ? value : null;
