import type { FarmManifest } from "../../core/contracts/manifest.ts";
import type { HostFacts } from "../../core/ssh/host_facts.ts";
import type { SshSettings } from "../../core/ssh/ssh_command.ts";
import type { Run } from "../run/load_manifest.ts";
import type { ClockLook } from "./probe_host.ts";
import type { SshSession } from "./ssh_session.ts";

/** What all hosts of a run are given. */
export interface LinkOptions {
  run: Run<FarmManifest>;
  settings: SshSettings;
  base: string;
  /** nextstat as it lies on the hosts; null: ours is sent. */
  remote_nextstat: string | null;
  /** Whether shards may run in the run directory where a host sees it. */
  sharing: boolean;
  setup_timeout_s: number;
}

/** A connection to a host on which shards can be started: all files of the run are there, of the right version. */
export interface HostLink {
  facts: HostFacts;
  clock: ClockLook;
  mode: "shared" | "transfer";
  /** The run's and this host's folder there. */
  folder: string;
  send(line: string): void;
  /** Hands each line over until the connection ends; resolves with why it did. */
  listen(take: (line: string) => void): Promise<string>;
  /** A further script on the same connection. */
  session(script: string): SshSession;
  /** @returns whether all that was sent had been done there when it ended */
  close(): Promise<boolean>;
}

/** Less than this free, in kB, is a full disk. */
export const FULL_DISK_KB = 64;
