import { errorText } from "../../core/errors.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { type HostFacts, readHostFacts } from "../../core/ssh/host_facts.ts";
import type { FarmHost } from "../../core/ssh/hosts_file.ts";
import type { ProbedHost } from "../../core/ssh/preflight.ts";
import type { SshSettings } from "../../core/ssh/ssh_command.ts";
import { REMOTE_BASE } from "../../core/ssh/ssh_flags.ts";
import { hostAgent } from "../../schedulers/host_agent.ts";
import type { Run } from "../run/load_manifest.ts";
import { startFault } from "../system/process.ts";
import { openSession, type SshSession } from "./session.ts";

export interface ProbeOrder {
  /** Folder for runs there; null: the default. */
  base: string | null;
  nextstat: string;
  /** Time limit for one host in all, in seconds. */
  timeout_s: number;
}

/** Probes one host; faults are in the answer. */
export async function probeHost(
  host: FarmHost,
  settings: SshSettings,
  control: string,
  order: ProbeOrder,
): Promise<ProbedHost> {
  const script = hostAgent({
    base: order.base ?? REMOTE_BASE,
    folder: "preflight",
    earlier: "preflight",
    run_dir: "",
    run_token: "",
    nextstat: order.nextstat,
    sent_nextstat: "",
    sharing: false,
  });
  let session: SshSession;
  try {
    session = openSession(host, settings, control, "master", script);
  } catch (error) {
    return { host, error: `ssh cannot be run: ${startFault({ argv: ["ssh"] }, error)}` };
  }
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    session.kill();
  }, order.timeout_s * 1000);
  try {
    return { host, ...await describeHost(session) };
  } catch (error) {
    if (late) return { host, error: `no answer within ${order.timeout_s} s` };
    return { host, error: await session.ended ?? errorText(error) };
  } finally {
    clearTimeout(timer);
    session.kill();
  }
}

/** Reads the facts that a host's agent sends first. @throws when the connection ends before they are whole */
export async function readFacts(session: SshSession): Promise<HostFacts> {
  const lines: string[] = [];
  for (let line = await session.out.line(); line !== "ready"; line = await session.out.line()) {
    if (line === null) throw new Error("the connection ended before the host described itself");
    lines.push(line);
  }
  return readHostFacts(lines);
}

async function describeHost(session: SshSession) {
  const facts = await readFacts(session);
  return { facts, ...await compareClocks(session) };
}

/** Number of clock readings: the first answer is slow, and the shortest round trip is the most accurate. */
const ROUNDS = 3;

interface ClockReading {
  /** The host's clock minus ours, in seconds; null when the host reports none. */
  clock_offset_s: number | null;
  round_trip_s: number | null;
}

/** Compares a host's clock with ours. */
export async function compareClocks(session: SshSession): Promise<ClockReading> {
  let best: ClockReading = { clock_offset_s: null, round_trip_s: null };
  for (let round = 0; round < ROUNDS; round++) {
    const [sent, sent_utc] = [performance.now(), Date.now()];
    await session.write("clock\n");
    const answer = Number((await session.out.line())?.replace(/^clock /, ""));
    const round_trip_s = (performance.now() - sent) / 1000;
    if (!(answer > 0) || round_trip_s >= (best.round_trip_s ?? Infinity)) continue;
    best = { clock_offset_s: answer - sent_utc / 1000 - round_trip_s / 2, round_trip_s };
  }
  return best;
}

/** Settings that all hosts of a run share. */
export interface LinkOptions {
  run: Run<FarmManifest>;
  settings: SshSettings;
  base: string;
  /** Path of nextstat on the hosts; null: ours is sent. */
  remote_nextstat: string | null;
  /** Whether shards may run in the run directory where a host sees it. */
  sharing: boolean;
  setup_timeout_s: number;
}

/** A connection to a host that is ready for shards: all files of the run are there, in the right version. */
export interface HostLink {
  facts: HostFacts;
  clock: ClockReading;
  mode: "shared" | "transfer";
  /** This host's folder of the run. */
  folder: string;
  send(line: string): void;
  /** Calls `take` with each line until the connection ends; resolves with the reason of its end. */
  listen(take: (line: string) => void): Promise<string>;
  /** Opens a further script on the same connection. */
  session(script: string): SshSession;
  /** @returns whether the host had processed all that was sent when the connection ended */
  close(): Promise<boolean>;
}
