import { basename } from "node:path";
import type { InJob } from "../core/contracts/in_job.ts";
import type { FarmManifest, Plan } from "../core/contracts/manifest.ts";
import { fitCommand, isPiece } from "../core/fit_command.ts";
import { JOB_FACTS } from "../core/job_facts.ts";
import { recordedVariables } from "../core/recorded_environment.ts";
import { isHostsOwn, nextstatsOf } from "../core/run_nextstats.ts";
import { renderTemplate, verbatim } from "../core/render_template.ts";
import { inputPath } from "../core/spec_files.ts";
import { INPUTS } from "../core/stage_plan.ts";
import { quoteWord } from "../core/shell_quote.ts";
import { VERSION } from "../core/version.ts";
import template from "../templates/job_wrapper.sh.mustache" with { type: "text" };
import type { RenderContext, RenderedFile } from "./adapter.ts";
import { boundFolders, imageInSandbox } from "./container.ts";
import { setupLines } from "./launch.ts";
import { readSite } from "./site_options.ts";

export const JOB_WRAPPER = "job_wrapper.sh";

/** The sh wrapper: runs nextstat and leaves the facts of each attempt in incoming/, with nothing but POSIX tools. */
export function renderJobWrapper(context: RenderContext, scheduler: string, in_job: InJob): RenderedFile {
  const { manifest, run_dir } = context;
  const site = readSite(context.options);
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
    input_sums: verbatim(manifest.farm.inputs.map(({ sha256 }) => sha256).join(" ")),
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
    pieces: live.filter((plan) => isPiece(manifest, plan)).map((plan) => ({
      shard: plan.shard_index,
      piece_command: verbatim(shellCommand(manifest, plan)),
    })),
    container: site.container === undefined
      ? []
      : [{ image: site.container, sent_image: imageInSandbox(site.container), binds: boundFolders(context) }],
  }, quoteWord);
  return { path: JOB_WRAPPER, text, executable: true };
}

/** The first of the variables that is set, as an expansion of the shell. */
const firstSet = (names: readonly string[] = [], otherwise: string): string =>
  names.reduceRight((rest, name) => `\${${name}:-${rest}}`, otherwise);

/** The ids that the script is given, in the variables by which they are known: a scheduler may not set these itself. */
function idLines({ job_id: [job] = [], task_id: [task] = [] }: InJob): string[] {
  const named = [[job, "job"], [task, "task"]].filter(([name]) => name !== undefined);
  return named.map(([name, word]) => `${name}=\${${word}:-\${${name}:-}} && export ${name}`);
}

type JobNumber = NonNullable<InJob["cpus"]>[number];

/** A number that a job sees, as a word of the shell; empty where nothing tells. */
function numberWord({ variable, with: beside, line }: JobNumber): string {
  const value = `\${${variable}:-${line === undefined ? "" : "/dev/null"}}`;
  const begin = line?.replaceAll(/[\\.*^$[\]/]/g, "\\$&");
  const program = quoteWord(`s/^${begin}\\([0-9]*\\)$/\\1/p`);
  const number = line === undefined ? value : `$(sed -n ${program} "${value}" 2>/dev/null)`;
  return beside === undefined ? number : `\${${beside}:+${number}}`;
}

/** The spec's place below the run directory; at the top of inputs/ unless the host laid it out otherwise. */
export const stagedConfig = (manifest: FarmManifest): string =>
  manifest.farm.staged_config ?? `${INPUTS}/${basename(manifest.config)}`;

const inputsBeside = (manifest: FarmManifest, config: string): string[] =>
  manifest.farm.inputs.map(({ path }) => inputPath(config, path));

const IN_SHELL: Record<string, string> = {
  "<nextstat>": `"$nextstat"`,
  "<config>": `"$config"`,
  "<out>": `"$hidden.out.json"`,
  "<metrics>": `"$hidden.metrics.json"`,
};

/** nextstat's command line as shell words; what only the job knows stays a variable. */
function shellCommand(manifest: FarmManifest, plan: Plan): string {
  const paths = { nextstat: "<nextstat>", config: "<config>", out: "<out>", metrics: "<metrics>" };
  return fitCommand(manifest, plan, paths, 1).map((word, i, words) => {
    if (words[i - 1] === "--threads") return `"$threads"`;
    if (words[i - 1] === "--shard") return `"$shard/${manifest.shards}"`;
    return (Object.hasOwn(IN_SHELL, word) ? IN_SHELL[word] : undefined) ?? quoteWord(word);
  }).join(" ");
}
