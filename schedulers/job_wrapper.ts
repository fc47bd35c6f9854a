import { basename, dirname, join } from "node:path";
import { isHostsOwn, nextstatsOf } from "../core/check_manifest.ts";
import { FarmError } from "../core/errors.ts";
import { NEEDED_GLIBC } from "../core/glibc.ts";
import { JOB_FACTS } from "../core/job_txt.ts";
import { recordedVariables } from "../core/record.ts";
import type { FarmManifest, Plan } from "../core/schema/manifest.ts";
import type { InJob } from "../core/schema/scheduler.ts";
import { quoteWord } from "../core/shell_quote.ts";
import { EACH_START } from "../core/starts/command.ts";
import { inputPath, stagedConfig, startFiles } from "../core/staging.ts";
import { renderTemplate, verbatim } from "../core/template.ts";
import { VERSION } from "../core/version.ts";
import { workloadOf } from "../core/workload/registry.ts";
import template from "../templates/job_wrapper.sh.mustache" with { type: "text" };
import launch from "../templates/launch.sh.mustache" with { type: "text" };
import setup from "../templates/setup.sh.mustache" with { type: "text" };
import type { RenderContext, RenderedFile } from "./adapter.ts";
import { readSite, type Site } from "./options.ts";

/**
 * Returns the folders that a container must see for a job on a shared file system: of the run, the programs, the spec
 * and its files.
 * @throws {FarmError} usage, for a path that Apptainer's --bind cannot express (apptainer-exec(1): `:` and `,` are
 * separators)
 */
function boundFolders({ manifest, run_dir, nsfarm }: RenderContext): string[] {
  const spec = dirname(manifest.config);
  const inputs = manifest.farm.inputs.map(({ path }) => dirname(path.startsWith("/") ? path : join(spec, path)));
  const all = new Set([run_dir, dirname(nsfarm), dirname(manifest.nextstat_bin), spec, ...inputs]);
  const folders = [...all].filter((folder) => ![...all].some((one) => folder.startsWith(`${one}/`)));
  for (const folder of folders) checkBind(folder);
  return folders.sort();
}

function checkBind(folder: string): void {
  if (!/[:,]/.test(folder)) return;
  throw new FarmError(
    "usage",
    `Cannot use --container: the folder "${folder}" has a ":" or a "," in its name, which Apptainer cannot bind`,
    "Put the files into a folder with a plain name",
  );
}

/** Returns whether an image is sent with the job: every node has those below /cvmfs, and downloads those with `://`. */
export function isSentImage(container: string | undefined): container is string {
  return container !== undefined && !container.includes("://") && !container.startsWith("/cvmfs/");
}

/** Returns an image's name in the sandbox of a job without a shared disk. */
const imageInSandbox = (container: string): string => isSentImage(container) ? `./${basename(container)}` : container;

/** Returns the lines of --setup for a script of ours; empty if there are none. */
export function setupLines({ setup: lines }: Site): string {
  return lines.length === 0 ? "" : renderTemplate(setup, { lines: lines.map(verbatim) }, quoteWord);
}

/** How a job script begins: its shards as a shell word, and the arguments of the sh wrapper. */
interface Launch {
  /** Shell word with the shards of the job, joined by +; undefined: one shard, which is the script's argument. */
  shards?: string;
  /** Arguments of the sh wrapper as shell words; undefined: the job has only the files sent to it. */
  wrapper_args: string | undefined;
}

/**
 * Returns shell lines that execute `nsfarm-deno job` with the script's arguments, inside a container if one is
 * requested. Where it does not start, in the C library of the node or of the container, they execute the sh wrapper;
 * with --wrapper binary, and for pilots, they only say so.
 */
export function launchLines(context: RenderContext, { container }: Site, { shards, wrapper_args }: Launch): string {
  const isSent = wrapper_args === undefined;
  const pulls = context.manifest.farm.pilots !== null && !isSent;
  return renderTemplate(launch, {
    words: verbatim(pulls ? pilotWords(context) : `job ${isSent ? "--sandbox ." : `"$run_dir"`} "$@"`),
    sandbox: isSent,
    container: container === undefined ? [] : [isSent ? inSandbox(container) : onSharedDisk(context, container)],
    inside: verbatim(container === undefined ? "" : "inside "),
    check: isSent ? [] : [{ glibc: NEEDED_GLIBC, ...startFault(context, wrapper_args) }],
    split: shards === undefined ? [] : [verbatim(shards)],
  }, quoteWord);
}

/** Returns shell lines as launchLines does, after those of --setup; with --wrapper sh, those that execute the sh wrapper. */
export function jobLines(context: RenderContext, launch: Launch & { wrapper_args: string }): string {
  if (context.manifest.farm.wrapper === "sh") return shLine(launch.wrapper_args);
  const site = readSite(context.options);
  return `${setupLines(site)}${launchLines(context, site, launch)}`.trimEnd();
}

const shLine = (wrapper_args: string): string => `exec "$run_dir/${JOB_WRAPPER}" shared ${wrapper_args}`;

/** Returns the arguments of the sh wrapper in a job whose first argument are its shards, and whose ids are variables. */
export const wrapperArgs = ({ job_id, task_id }: InJob): string =>
  `"$1" "${firstSet(job_id, "")}" "${firstSet(task_id, "")}" "\${NSFARM_TOKEN-}"`;

/** Returns whether a job may run the sh wrapper. */
export const needsWrapper = (context: RenderContext): boolean =>
  context.manifest.farm.wrapper === "sh" || mayReplace(context);

/** Returns what a job says and does where nsfarm-deno does not start. */
function startFault(context: RenderContext, wrapper_args: string) {
  if (mayReplace(context)) {
    const instead = [verbatim(shLine(wrapper_args))];
    return { then: verbatim("the sh wrapper runs its shards"), instead };
  }
  const isPilot = context.manifest.farm.pilots !== null;
  return { then: verbatim(isPilot ? "pilots need it: leave out --pilots" : "leave out --wrapper binary"), instead: [] };
}

/** Returns whether a job may run the sh wrapper in place of nsfarm-deno. */
const mayReplace = ({ manifest: { farm } }: RenderContext): boolean =>
  farm.pilots === null && farm.wrapper_given !== true;

/** Returns the arguments of a pilot, which runs any open shard instead of its task's. */
function pilotWords({ options }: RenderContext): string {
  const beat = options["heartbeat-s"];
  return [
    `work "$run_dir" --pilot`,
    ...(options["speculate"] === true ? ["--speculate"] : []),
    ...(typeof beat === "number" ? [`--heartbeat-s ${beat}`] : []),
  ].join(" ");
}

const inSandbox = (container: string) => ({ image: imageInSandbox(container), binds: [verbatim(`"$PWD"`)] });

const onSharedDisk = (context: RenderContext, container: string) => ({
  image: container,
  binds: boundFolders(context),
});

export const JOB_WRAPPER = "job_wrapper.sh";

/** Returns the sh wrapper, which runs nextstat and writes each attempt's facts into incoming/ with POSIX tools only. */
export function renderJobWrapper(context: RenderContext, scheduler: string, in_job: InJob): RenderedFile {
  const { manifest, run_dir } = context;
  const site = readSite(context.options);
  const workload = workloadOf(manifest);
  const live = manifest.plans.filter((plan) => !plan.farm?.replaced_by);
  const first = manifest.plans[0];
  if (!first) throw new Error("A run has at least one shard");
  const text = renderTemplate(template, {
    format: JOB_FACTS,
    run_id: verbatim(manifest.run_id),
    run_token: manifest.farm.run_token,
    version: verbatim(VERSION),
    scheduler,
    run_dir,
    config: manifest.config,
    nextstat: manifest.nextstat_bin,
    staged_config: stagedConfig(manifest),
    sent_nextstat: `./${basename(manifest.nextstat_bin)}`,
    nextstat_sums: isHostsOwn(manifest) ? "" : nextstatsOf(manifest).map(({ sha256 }) => sha256).join(" "),
    input_sums: verbatim([...manifest.farm.inputs, ...startFiles(manifest)].map(({ sha256 }) => sha256).join(" ")),
    each_start: manifest.farm.starts ? [EACH_START] : [],
    inputs: inputsBeside(manifest, manifest.config),
    staged_inputs: inputsBeside(manifest, stagedConfig(manifest)),
    setup: setupLines(site) === "" ? [] : [verbatim(setupLines(site).trimEnd())],
    threads: manifest.threads,
    ids: idLines(in_job).map(verbatim),
    cpus: (in_job.cpus ?? []).map((number) => verbatim(numberWord(number))),
    node: verbatim(firstSet(in_job.node, "$(uname -n)")),
    slot: verbatim(firstSet(["NSFARM_SLOT", ...in_job.slot ?? []], "")),
    variables: recordedVariables([in_job]),
    shards: manifest.shards,
    command: verbatim(shellCommand(manifest, first)),
    pieces: live.filter((plan) => workload.hasOwnCommand(manifest, plan)).map((plan) => ({
      shard: plan.shard_index,
      piece_command: verbatim(shellCommand(manifest, plan)),
    })),
    container: site.container === undefined
      ? []
      : [{ image: site.container, sent_image: imageInSandbox(site.container), binds: boundFolders(context) }],
  }, quoteWord);
  return { path: JOB_WRAPPER, text, executable: true };
}

/** Returns a shell expansion to the first of the variables that is set. */
const firstSet = (names: readonly string[] = [], otherwise: string): string =>
  names.reduceRight((rest, name) => `\${${name}:-${rest}}`, otherwise);

/** Returns lines that put the script's id arguments into the usual variables, which a scheduler may not set itself. */
function idLines({ job_id: [job] = [], task_id: [task] = [] }: InJob): string[] {
  const named = [[job, "job"], [task, "task"]].filter(([name]) => name !== undefined);
  return named.map(([name, word]) => `${name}=\${${word}:-\${${name}:-}} && export ${name}`);
}

type JobNumber = NonNullable<InJob["cpus"]>[number];

/** Returns a number that a job sees as a shell word; empty if unknown. */
function numberWord({ variable, with: beside, line }: JobNumber): string {
  const value = `\${${variable}:-${line === undefined ? "" : "/dev/null"}}`;
  const begin = line?.replaceAll(/[\\.*^$[\]/]/g, "\\$&");
  const program = quoteWord(`s/^${begin}\\([0-9]*\\)$/\\1/p`);
  const number = line === undefined ? value : `$(sed -n ${program} "${value}" 2>/dev/null)`;
  return beside === undefined ? number : `\${${beside}:+${number}}`;
}

/** Returns the spec and its files beside a spec, and the files of the starts in the folder where the wrapper runs. */
const inputsBeside = (manifest: FarmManifest, config: string): string[] => [
  ...manifest.farm.inputs.map(({ path }) => inputPath(config, path)),
  ...startFiles(manifest).map(({ path }) => path),
];

const IN_SHELL: Record<string, string> = {
  "<nextstat>": `"$nextstat"`,
  "<config>": `"$config"`,
  "<out>": `"$hidden.out.json"`,
  "<metrics>": `"$hidden.metrics.json"`,
  [EACH_START]: `"$each_start"`,
};

/** Returns nextstat's command line as shell words; values that only the job knows stay variables. */
function shellCommand(manifest: FarmManifest, plan: Plan): string {
  const paths = { nextstat: "<nextstat>", config: "<config>", out: "<out>", metrics: "<metrics>" };
  return workloadOf(manifest).command(manifest, plan, paths, 1).map((word, i, words) => {
    if (words[i - 1] === "--threads") return `"$threads"`;
    if (words[i - 1] === "--shard") return `"$shard/${manifest.shards}"`;
    return (Object.hasOwn(IN_SHELL, word) ? IN_SHELL[word] : undefined) ?? quoteWord(word);
  }).join(" ");
}

/** Returns a warning if a job has more threads than CPUs: fits then run slower, and slow other jobs down. */
export function threadsWarning(threads: number, cpus: number, option: string): string[] {
  if (threads <= cpus) return [];
  return [
    `--threads ${threads} is more than the ${
      cpus === 1 ? "one CPU" : `${cpus} CPUs`
    } of each job (--${option} ${cpus}): the threads will share CPUs`,
  ];
}
