import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { errorText } from "../../core/errors.ts";
import { FULL_DISK_KB } from "../../core/failure.ts";
import { ifThere } from "../../core/file_fault.ts";
import { HOSTS } from "../../core/run_paths.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { earlierHostFolder, hostFolder } from "../../core/ssh/host_facts.ts";
import { type FarmHost, hostKey } from "../../core/ssh/hosts_file.ts";
import { inputPath, INPUTS, startFiles } from "../../core/staging.ts";
import { hostAgent } from "../../schedulers/host_agent.ts";
import { JOB_WRAPPER } from "../../schedulers/job_wrapper.ts";
import { hashFile } from "../fs/hash_file.ts";
import { namesInPassing } from "../fs/list.ts";
import { makeFolder, removeQuietly, removeTree, writeWhole } from "../fs/write.ts";
import { sentPlan } from "../render/render.ts";
import type { Machine } from "../system/machine.ts";
import { pidNamespace, startTicks } from "../system/proc.ts";
import { compareClocks, type HostLink, type LinkOptions, readFacts } from "./link.ts";
import { HostFault, openSession, type SshSession } from "./session.ts";

interface StagedFile {
  from: string;
  /** Below the run's folder on the host. */
  to: string;
  sha256: string;
  mode: string;
}

/** Sends a host the spec with its files, nextstat and the wrapper, unless it has them. @throws {HostFault} */
async function stageRun(
  link: HostLink,
  options: LinkOptions,
  request: (line: string) => Promise<string[]>,
): Promise<void> {
  for (const file of stagedFiles(options)) {
    const [, sum] = await request(`sum ${file.to}`);
    if (sum !== file.sha256) await send(link, file);
  }
  if (options.remote_nextstat !== null) await request("link");
}

function stagedFiles({ run: { dir, manifest }, remote_nextstat }: LinkOptions): StagedFile[] {
  const plan = sentPlan(manifest);
  if (!plan) {
    throw new HostFault("it cannot see the run directory, and the spec uses an absolute path");
  }
  const wrapper = join(dir, JOB_WRAPPER);
  const program = { from: manifest.nextstat_bin, to: basename(manifest.nextstat_bin), mode: "0750" };
  return [
    ...plan.files.map(({ from, to }, i) => ({
      from: inputPath(manifest.config, from),
      to: `${INPUTS}/${to}`,
      sha256: manifest.farm.inputs[i]?.sha256 ?? "",
      mode: "0640",
    })),
    ...startFiles(manifest).map(({ path, sha256 }) => ({ from: join(dir, path), to: path, sha256, mode: "0640" })),
    ...(remote_nextstat === null ? [{ ...program, sha256: hashFile(program.from).sha256 }] : []),
    { from: wrapper, to: JOB_WRAPPER, sha256: hashFile(wrapper).sha256, mode: "0750" },
  ];
}

/** Sends a file, which gets its name there only when all of it has arrived. @throws {HostFault} */
async function send(link: HostLink, { from, to, sha256, mode }: StagedFile): Promise<void> {
  const path = join(link.folder, to);
  const name = quoteWord(path);
  const script = [
    "umask 027",
    `temporary=${name}.$$.part`,
    `mkdir -p ${quoteWord(dirname(path))} && cat >"$temporary" && sum=$(sha256sum <"$temporary") &&`,
    `if [ "\${sum%% *}" = ${sha256} ]; then chmod ${mode} "$temporary" && mv -f "$temporary" ${name} && exit 0`,
    `else echo "the file that arrived differs from the one sent" >&2; fi`,
    `rm -f "$temporary"`,
    "exit 1",
  ].join("\n");
  const session = link.session(script);
  const broke = await pour(from, session.write).then(() => null, () => "");
  await session.closeInput();
  const fault = await session.ended;
  if (fault !== null || broke !== null) {
    const isFull = /No space left|quota exceeded/i.test(fault ?? "");
    const why = isFull ? "its disk is full" : fault ?? "the connection broke";
    throw new HostFault(`${basename(from)} cannot be sent there: ${why}`);
  }
}

async function pour(path: string, write: (data: Uint8Array) => Promise<void>): Promise<void> {
  const file = await Deno.open(path);
  try {
    const buffer = new Uint8Array(256 * 1024);
    for (let n = await file.read(buffer); n !== null; n = await file.read(buffer)) await write(buffer.slice(0, n));
  } finally {
    file.close();
  }
}

/**
 * Connects to a host and sends all files of the run.
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
  const [, seen, folder = ""] = await request(session, "open");
  const mode = seen === "shared" ? "shared" : "transfer";
  const link: HostLink = {
    facts,
    clock,
    mode,
    folder: join(facts.base_dir ?? "/", folder),
    send: (line) => {
      session.write(`${line}\n`).catch(() => {}); // the next connection queries whatever is lost with this one
    },
    listen: (take) => pump(session, take),
    session: (script) => openSession(host, options.settings, control, "client", script),
    close: () => endSession(session),
  };
  if (mode === "transfer") await stageRun(link, options, (line) => request(session, line));
  checkVersion(
    mode === "shared" ? facts.nextstat_version : (await request(session, "version")).slice(1).join(" "),
    options,
  );
  return link;
}

/** Sends one command and returns the words of its answer. @throws {HostFault} */
async function request(session: SshSession, line: string): Promise<string[]> {
  await session.write(`${line}\n`);
  const answer = await session.out.line();
  if (answer === null) throw new Error("the connection broke");
  const words = answer.split(" ");
  if (words[0] !== "fault") return words;
  throw new HostFault(Number(words[2]) < FULL_DISK_KB ? "its disk is full" : words.slice(3).join(" "));
}

function checkVersion(printed: string | null, { run: { manifest } }: LinkOptions): void {
  const version = printed?.replace(/^nextstat\s+/, "") ?? "";
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
  return await session.ended ?? "the host ended the connection";
}

/** Time in which a connection ends by itself. */
const END_MS = 3000;

async function endSession(session: SshSession): Promise<boolean> {
  await session.write("bye\n").catch(() => {});
  await session.closeInput();
  const timer = setTimeout(session.kill, END_MS);
  const fault = await session.ended;
  clearTimeout(timer);
  return fault === null;
}

/** Returns short folders for sockets: a path has at most 104 bytes, of which ssh adds 17 (sun_path, unix(7)). */
const places = () =>
  [Deno.env.get("XDG_RUNTIME_DIR") ?? "", "/tmp"].filter((place) => /^\/[A-Za-z0-9/_.-]{0,32}$/.test(place));

/** Process, start time, and PID namespace in base 36 where that is not the first. */
const NAME = /^nsfarm-ssh-([1-9][0-9]*)-([0-9]+)(?:n([0-9a-z]+))?-/;

const namespaceTag = (): string => pidNamespace() === "" ? "" : `n${Number(pidNamespace()).toString(36)}`;

interface ControlFolder {
  /** Returns a socket's path for the host of this number. */
  socket(index: number): string;
  remove(): void;
}

/** Makes a folder that only this user can enter, for one driver's sockets; removes those of dead drivers. */
export async function openControlFolder(machine: Machine): Promise<ControlFolder> {
  await sweep();
  const { pid, start_ticks } = machine.process;
  const dir = makeIn(places(), `nsfarm-ssh-${pid}-${start_ticks}${namespaceTag()}-`);
  return {
    socket: (index) => join(dir, `h${index}`),
    remove: () => removeTree(dir),
  };
}

/** Makes a folder by mkdtemp(3): mode 0700, and never one that existed before. */
function makeIn([place, ...others]: string[], prefix: string): string {
  try {
    return Deno.makeTempDirSync({ dir: place ?? "/tmp", prefix });
  } catch (error) {
    if (others.length === 0) throw error;
    return makeIn(others, prefix);
  }
}

async function sweep(): Promise<void> {
  const found = places().flatMap((place) =>
    namesInPassing(place).flatMap((name) => {
      const [, pid, ticks, namespace] = NAME.exec(name) ?? [];
      const isHere = (namespace === undefined ? "" : `n${namespace}`) === namespaceTag();
      return pid === undefined || !isHere || !isMine(join(place, name))
        ? []
        : [{ path: join(place, name), pid: Number(pid), ticks }];
    })
  );
  const alive = await startTicks(found.map(({ pid }) => pid));
  for (const { path, pid, ticks } of found) {
    if (alive.get(pid) !== ticks) removeTree(path);
  }
}

/** Returns false for a folder that another driver has removed since it was listed. */
function isMine(path: string): boolean {
  return ifThere(false, () => {
    const { isDirectory, uid } = Deno.lstatSync(path);
    return isDirectory && uid === Deno.uid();
  });
}

const pathOf = (dir: string, host: string) => join(dir, HOSTS, encodeURIComponent(host));

/** Records that a host has a folder of the run, before it is made there. @param host its key (hostKey) */
export function noteFolder(dir: string, host: string): void {
  if (hasFolder(dir, host)) return;
  makeFolder(join(dir, HOSTS));
  writeWhole(pathOf(dir, host), "");
}

/** Returns whether a host may still have a folder of the run. */
export const hasFolder = (dir: string, host: string): boolean => existsSync(pathOf(dir, host));

/** Removes the record of a host whose folder is removed. */
export const forgetFolder = (dir: string, host: string): void => removeQuietly(pathOf(dir, host));
