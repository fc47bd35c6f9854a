import { inputPath } from "../../core/spec_files.ts";
import { basename, dirname, join } from "node:path";
import { quoteWord } from "../../core/shell_quote.ts";
import { INPUTS } from "../../core/stage_plan.ts";
import { JOB_WRAPPER } from "../../schedulers/job_wrapper.ts";
import { hashFile } from "../disk/hash_file.ts";
import { sentPlan } from "../run/render_run.ts";
import { HostFault } from "./host_fault.ts";
import type { HostLink, LinkOptions } from "./link.ts";

interface StagedFile {
  from: string;
  /** Below the run's folder on the host. */
  to: string;
  sha256: string;
  mode: string;
}

/**
 * Brings to a host what its shards need: the spec with all files that it names, nextstat and the wrapper. What is there
 * already with the right sha256 is not sent again.
 * @throws {HostFault}
 */
export async function stageRun(
  link: HostLink,
  options: LinkOptions,
  ask: (line: string) => Promise<string[]>,
): Promise<void> {
  for (const file of stagedFiles(options)) {
    const [, sum] = await ask(`sum ${file.to}`);
    if (sum !== file.sha256) await send(link, file);
  }
  if (options.remote_nextstat !== null) await ask("link");
}

function stagedFiles({ run: { dir, manifest }, remote_nextstat }: LinkOptions): StagedFile[] {
  const plan = sentPlan(manifest);
  if (!plan) {
    throw new HostFault("it does not see the run directory, and the spec names a file by an absolute path");
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
    ...(remote_nextstat === null ? [{ ...program, sha256: hashFile(program.from).sha256 }] : []),
    { from: wrapper, to: JOB_WRAPPER, sha256: hashFile(wrapper).sha256, mode: "0750" },
  ];
}

/** A file gets its name there only when all of it has arrived. @throws {HostFault} */
async function send(link: HostLink, { from, to, sha256, mode }: StagedFile): Promise<void> {
  const path = join(link.folder, to);
  const name = quoteWord(path);
  const script = [
    "umask 027",
    `temporary=${name}.$$.part`,
    `mkdir -p ${quoteWord(dirname(path))} && cat >"$temporary" && sum=$(sha256sum <"$temporary") &&`,
    `if [ "\${sum%% *}" = ${sha256} ]; then chmod ${mode} "$temporary" && mv -f "$temporary" ${name} && exit 0`,
    `else echo "what arrived is not what was sent" >&2; fi`,
    `rm -f "$temporary"`,
    "exit 1",
  ].join("\n");
  const session = link.session(script);
  const broke = await pour(from, session.write).then(() => null, () => "");
  await session.closeInput();
  const fault = await session.ended;
  if (fault !== null || broke !== null) {
    throw new HostFault(`${basename(from)} cannot be sent there: ${explain(fault)}`);
  }
}

async function pour(path: string, write: (data: Uint8Array) => Promise<void>): Promise<void> {
  using file = await Deno.open(path);
  const buffer = new Uint8Array(256 * 1024);
  for (let n = await file.read(buffer); n !== null; n = await file.read(buffer)) await write(buffer.slice(0, n));
}

function explain(fault: string | null): string {
  return fault !== null && /No space left|quota exceeded/i.test(fault)
    ? "its disk is full"
    : fault ?? "the connection broke";
}
