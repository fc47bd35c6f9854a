import { errorText } from "../../core/errors.ts";
import { type HostFacts, readHostFacts } from "../../core/ssh/host_facts.ts";
import type { FarmHost } from "../../core/ssh/hosts_file.ts";
import type { ProbedHost } from "../../core/ssh/preflight.ts";
import type { SshSettings } from "../../core/ssh/ssh_command.ts";
import { REMOTE_BASE } from "../../core/ssh/ssh_flags.ts";
import { hostAgent } from "../../schedulers/host_agent.ts";
import { openSession, type SshSession } from "./ssh_session.ts";

export interface ProbeOrder {
  /** Where runs go there; null: the default. */
  base: string | null;
  nextstat: string;
  /** How long one host may take in all. */
  timeout_s: number;
}

/** Looks at one host; what went wrong is in the answer. */
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
    return { host, error: `ssh cannot be run: ${errorText(error)}` };
  }
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    session.kill();
  }, order.timeout_s * 1000);
  try {
    return { host, ...await lookAt(session) };
  } catch (error) {
    if (late) return { host, error: `no answer within ${order.timeout_s} s` };
    return { host, error: await session.ended ?? errorText(error) };
  } finally {
    clearTimeout(timer);
    session.kill();
  }
}

/** The facts that a host's agent begins with. @throws when the connection is gone before they are whole */
export async function readFacts(session: SshSession): Promise<HostFacts> {
  const lines: string[] = [];
  for (let line = await session.out.line(); line !== "ready"; line = await session.out.line()) {
    if (line === null) throw new Error("it ended before it had told what it is");
    lines.push(line);
  }
  return readHostFacts(lines);
}

async function lookAt(session: SshSession) {
  const facts = await readFacts(session);
  return { facts, ...await compareClocks(session) };
}

/** Several times, for the first answer comes late: the shortest round trip tells most. */
const ROUNDS = 3;

export interface ClockLook {
  /** The host's clock less ours; null when it does not tell. */
  clock_offset_s: number | null;
  round_trip_s: number | null;
}

export async function compareClocks(session: SshSession): Promise<ClockLook> {
  let best: ClockLook = { clock_offset_s: null, round_trip_s: null };
  for (let round = 0; round < ROUNDS; round++) {
    const [asked, asked_utc] = [performance.now(), Date.now()];
    await session.write("clock\n");
    const answer = Number((await session.out.line())?.replace(/^clock /, ""));
    const round_trip_s = (performance.now() - asked) / 1000;
    if (!(answer > 0) || round_trip_s >= (best.round_trip_s ?? Infinity)) continue;
    best = { clock_offset_s: answer - asked_utc / 1000 - round_trip_s / 2, round_trip_s };
  }
  return best;
}
