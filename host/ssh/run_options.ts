import type { FarmManifest } from "../../core/contracts/manifest.ts";
import { FarmError } from "../../core/errors.ts";
import { optionValues } from "../../core/flags.ts";
import { durationSeconds } from "../../core/parse_flag.ts";
import { THREAD_POLICIES, type ThreadPolicy } from "../../core/ssh/host_shape.ts";
import type { SshSettings } from "../../core/ssh/ssh_command.ts";
import { SSH_FLAGS, sshSettings } from "../../core/ssh/ssh_flags.ts";

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
  if (options["hosts-file"] === undefined) {
    throw new FarmError("usage", `Cannot run "${run_id}" on hosts: it was rendered without a hosts file`);
  }
  const flags = optionValues(SSH_FLAGS, options);
  return {
    hosts_file: flags.hostsFile,
    settings: sshSettings(flags, Math.ceil(flags.connectTimeoutS)),
    base: flags.remoteBaseDir,
    remote_nextstat: flags.remoteNextstatBin ?? null,
    setup_timeout_s: flags.commandTimeoutS,
    host_retry_s: flags.hostRetryS,
    host_lost_s: flags.hostLostS,
    time_limit_s: flags.sshTime === undefined ? null : durationSeconds("--ssh-time")(flags.sshTime),
    threads: THREAD_POLICIES.find((word) => word === options["threads-policy"]) ?? null,
  };
}
