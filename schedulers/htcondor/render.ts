import { basename } from "node:path";
import { renderTemplate, verbatim } from "../../core/render_template.ts";
import { INCOMING, LOGS } from "../../core/run_paths.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { VERSION } from "../../core/version.ts";
import launcherTemplate from "../../templates/condor_job.sh.mustache" with { type: "text" };
import sharedTemplate from "../../templates/condor_job.sub.mustache" with { type: "text" };
import transferTemplate from "../../templates/condor_job_transfer.sub.mustache" with { type: "text" };
import type { RenderContext, Rendered, RenderedFile } from "../adapter.ts";
import { jobTag } from "../job_name.ts";
import { JOB_WRAPPER, renderJobWrapper } from "../job_wrapper.ts";
import { launchLines, setupLines } from "../launch.ts";
import { readSite } from "../site_options.ts";
import { groupedChunk, groupsOf } from "../task_groups.ts";
import { threadsWarning } from "../threads_warning.ts";
import { htcondorChunks, jobWords } from "./chunks.ts";
import { filesSent, sendsBinary } from "./files_sent.ts";
import { HTCONDOR_IN_JOB } from "./in_job.ts";
import { type Mode, modeOf, SUBMIT_FILES } from "./mode.ts";
import { optionCommands, requestedCpus } from "./option_commands.ts";
import { submitPath, submitValue } from "./submit_value.ts";

const LAUNCHER = "condor_job.sh";
const SANDBOX_LAUNCHER = "condor_job_transfer.sh";

/** Writes both submit files, whatever the mode, and the scripts that they run. @throws {FarmError} usage */
export function renderHTCondor(context: RenderContext): Rendered {
  const chunks = htcondorChunks(context);
  const problem = transferProblem(context);
  if (problem && modeOf(context) === "transfer") throw problem;
  const transfer = problem ? [] : [submitFile(context, "transfer")];
  const launchers = [
    ...(sharedWrapper(context) === "binary" ? [launcher(context, false)] : []),
    ...(sendsBinary(context) ? [launcher(context, true)] : []),
  ];
  return {
    files: [
      submitFile(context, "shared"),
      ...transfer,
      ...launchers,
      renderJobWrapper(context, "htcondor", HTCONDOR_IN_JOB),
    ],
    chunks,
    warnings: [
      ...threadsWarning(context.manifest.threads, requestedCpus(context.options), "condor-request-cpus"),
      ...sharedWarning(context),
      ...(problem ? [`${SUBMIT_FILES.transfer} was not written: ${problem.message}`] : []),
    ],
    by_hand: [["condor_submit", `${context.run_dir}/${SUBMIT_FILES[modeOf(context)]}`]],
    folders: [LOGS, INCOMING],
  };
}

/** Jobs that no machine will ever take: HTCondor lets them wait, and says of each machine only that it does not match. */
function sharedWarning(context: RenderContext): string[] {
  const { places = [] } = context.limits;
  if (modeOf(context) === "transfer" || places.length === 0 || places.some((one) => one.shares_files !== false)) {
    return [];
  }
  return ["no machine of this pool says that it sees this machine's files (FileSystemDomain): use --mode transfer"];
}

function transferProblem(context: RenderContext): Error | undefined {
  try {
    filesSent(context);
    return undefined;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

/** In transfer mode --wrapper speaks of the transfer file; the shared one then runs nsfarm-deno as always. */
const sharedWrapper = ({ manifest: { farm } }: RenderContext): "binary" | "sh" =>
  farm.mode === "transfer" ? "binary" : farm.wrapper;

function submitFile(context: RenderContext, mode: Mode): RenderedFile {
  const { manifest, run_dir } = context;
  const path = SUBMIT_FILES[mode];
  const binary = mode === "shared" ? sharedWrapper(context) === "binary" : sendsBinary(context);
  const script = !binary ? JOB_WRAPPER : mode === "shared" ? LAUNCHER : SANDBOX_LAUNCHER;
  const words = jobWords(groupedChunk(0, groupsOf(context.shards, readSite(context.options).shards_per_job)));
  const text = renderTemplate(mode === "shared" ? sharedTemplate : transferTemplate, {
    run_id: manifest.run_id,
    version: VERSION,
    path: verbatim(quoteWord(`${run_dir}/${path}`)),
    logs: verbatim(`${run_dir}/${LOGS}`),
    shards: verbatim(groupsOf(words, 20).map((line) => line.join(" ")).join(" \\\n  ")),
    tag: jobTag(manifest.farm.run_token),
    run_dir: verbatim(submitPath("the run directory", run_dir)),
    executable: verbatim(submitPath("the run directory", `${run_dir}/${script}`)),
    arguments: verbatim(`${binary ? "" : `${mode} `}$(nsfarm_shard) $(ClusterId) $(ProcId) $(nsfarm_tag)`),
    commands: optionCommands(context).map(verbatim),
    log: verbatim(`${LOGS}/condor.$(ClusterId).log`),
    output: verbatim(`${LOGS}/condor.$(ClusterId).shard_$(nsfarm_shard).out`),
    ...(mode === "shared" ? {} : { sent: verbatim(filesSent(context).join(", ")) }),
  }, submitValue);
  return { path, text, executable: false };
}

function launcher(context: RenderContext, sandbox: boolean): RenderedFile {
  const { manifest, run_dir, nsfarm, options } = context;
  const name = sandbox ? SANDBOX_LAUNCHER : LAUNCHER;
  const site = readSite(options);
  const launch = `IFS=+\nset -- $shards\nunset IFS\n${launchLines(context, site, sandbox)}`;
  const text = renderTemplate(launcherTemplate, {
    run_id: verbatim(manifest.run_id),
    name: verbatim(name),
    version: verbatim(VERSION),
    run_dir: sandbox ? "." : run_dir,
    nsfarm: sandbox ? `./${basename(nsfarm)}` : nsfarm,
    sandbox,
    sent_nextstat: `./${basename(manifest.nextstat_bin)}`,
    launch: verbatim(`${setupLines(site)}${launch}`.trimEnd()),
  }, quoteWord);
  return { path: name, text, executable: true };
}
