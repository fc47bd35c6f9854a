import { basename, join } from "node:path";
import { errorText } from "../../core/errors.ts";
import { earlierHostFolder, hostFolder } from "../../core/ssh/host_folder.ts";
import { type FarmHost, hostKey } from "../../core/ssh/hosts_file.ts";
import { hostAgent } from "../../schedulers/host_agent.ts";
import { compareClocks, readFacts } from "./probe_host.ts";
import { HostFault } from "./host_fault.ts";
import { openSession, type SshSession } from "./ssh_session.ts";
import { FULL_DISK_KB, type HostLink, type LinkOptions } from "./link.ts";
import { noteFolder } from "./folders_there.ts";
import { stageRun } from "./stage_run.ts";

/**
 * Connects to a host and brings all files of the run there.
 * @param cut ends the connection while it is being made
 * @throws {HostFault}
 */
export async function openLink(
  host: FarmHost,
  control: string,
  options: LinkOptions,
  cut: AbortSignal,
): Promise<HostLink> {
  const { manifest, dir } = options.run;
  const script = hostAgent({
    base: options.base,
    folder: hostFolder(manifest, hostKey(host)),
    earlier: earlierHostFolder(manifest, hostKey(host)),
    run_dir: dir,
    run_token: manifest.farm.run_token,
    nextstat: options.remote_nextstat ?? manifest.nextstat_bin,
    sent_nextstat: basename(manifest.nextstat_bin),
    sharing: options.sharing,
  });
  const session = openSession(host, options.settings, control, "master", script);
  const timer = setTimeout(session.kill, options.setup_timeout_s * 1000);
  cut.addEventListener("abort", session.kill);
  try {
    return await setUp(session, host, control, options);
  } catch (error) {
    session.kill();
    if (error instanceof HostFault) throw error;
    throw new HostFault(await session.ended ?? errorText(error));
  } finally {
    clearTimeout(timer);
    cut.removeEventListener("abort", session.kill);
  }
}

async function setUp(
  session: SshSession,
  host: FarmHost,
  control: string,
  options: LinkOptions,
): Promise<HostLink> {
  const facts = await readFacts(session);
  if (facts.fault !== null) throw new HostFault(facts.fault);
  const clock = await compareClocks(session);
  noteFolder(options.run.dir, hostKey(host));
  const [, seen, folder = ""] = await ask(session, "open");
  const mode = seen === "shared" ? "shared" : "transfer";
  const link: HostLink = {
    facts,
    clock,
    mode,
    folder: join(facts.base_dir ?? "/", folder),
    send: (line) => {
      session.write(`${line}\n`).catch(() => {}); // what is lost with a connection is asked for on the next one
    },
    listen: (take) => pump(session, take),
    session: (script) => openSession(host, options.settings, control, "client", script),
    close: () => endSession(session),
  };
  if (mode === "transfer") await stageRun(link, options, (line) => ask(session, line));
  checkVersion(
    mode === "shared" ? facts.nextstat_version : (await ask(session, "version")).slice(1).join(" "),
    options,
  );
  return link;
}

/** One command and the words of its answer. @throws {HostFault} */
async function ask(session: SshSession, line: string): Promise<string[]> {
  await session.write(`${line}\n`);
  const answer = await session.out.line();
  if (answer === null) throw new Error("the connection broke");
  const words = answer.split(" ");
  if (words[0] !== "fault") return words;
  throw new HostFault(Number(words[2]) < FULL_DISK_KB ? "its disk is full" : words.slice(3).join(" "));
}

function checkVersion(said: string | null, { run: { manifest } }: LinkOptions): void {
  const version = said?.replace(/^nextstat\s+/, "") ?? "";
  const wanted = manifest.farm.nextstat_version;
  if (version === wanted) return;
  if (!/^\d+\.\d+/.test(version)) throw new HostFault(`nextstat does not run there: ${version || "it is not there"}`);
  throw new HostFault(`nextstat there is version ${version}, the run was rendered with ${wanted}`);
}

async function pump(session: SshSession, take: (line: string) => void): Promise<string> {
  try {
    for (let line = await session.out.line(); line !== null; line = await session.out.line()) take(line);
  } catch (error) {
    session.kill();
    return errorText(error);
  }
  return await session.ended ?? "it ended the connection";
}

/** How long a connection may take to end by itself. */
const END_MS = 3000;

async function endSession(session: SshSession): Promise<boolean> {
  await session.write("bye\n").catch(() => {});
  await session.closeInput();
  const timer = setTimeout(session.kill, END_MS);
  const fault = await session.ended;
  clearTimeout(timer);
  return fault === null;
}
