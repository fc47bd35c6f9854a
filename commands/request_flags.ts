import type { Command } from "commander";
import { join, resolve } from "node:path";
import * as z from "zod/mini";
import { FarmError } from "../core/errors.ts";
import { OWNED_FLAGS } from "../core/fit_command.ts";
import { oneOf, plainPath, realNumber, repeated, runId, setValues, wholeNumber } from "../core/parse_flag.ts";
import { THREAD_POLICIES } from "../core/ssh/host_shape.ts";
import { DEFAULT_SHARDS, shardsForSlots, splitToys } from "../core/split.ts";
import type { RunRequest } from "../core/run_request.ts";
import { findNextstat } from "../host/machine/find_nextstat.ts";
import { checkPluginRequest } from "../host/plugin/plugin_run.ts";
import { readHosts } from "../host/ssh/read_hosts.ts";
import { askedBefore, freshRunId, nextSeed } from "../host/run/runs_beside.ts";
import { readSchedulerOptions } from "./scheduler_flags.ts";
import type { SchedulerAdapter } from "../schedulers/adapter.ts";

const MAX_SHARDS = 1_000_000;

/** The flags that say what a run is and where it goes; render and run share them. */
export function defineRequestFlags(command: Command): void {
  defineToyFlags(command);
  command
    .option(
      "--shards <k>",
      `number of shards (default for local: ${DEFAULT_SHARDS})`,
      wholeNumber("--shards", 1, MAX_SHARDS),
    )
    .option("--out-dir <dir>", "parent of run directories", plainPath("--out-dir"), ".")
    .option("--run-id <id>", "name of the run directory (default: made of the date)", runId);
}

/** The flags that say which toys are fitted, and how; sweep has them too. */
export function defineToyFlags(command: Command): void {
  command
    .requiredOption("--config <spec>", "unbinned spec, JSON or YAML", plainPath("--config"))
    .requiredOption("--n-toys <n>", "number of toys", wholeNumber("--n-toys", 1))
    .option(
      "--seed <s>",
      "seed of toy 0; toy k has seed + k; `next`: the first that no run beside this one uses; of a run that is there already, its own",
      seed,
      42,
    )
    .option(
      "--threads <t>",
      "threads of each shard; 0: what the job is given; for ssh also physical, logical, auto or nextstat-auto: one shard a host at a time",
      threads,
      0,
    )
    .option(
      "--nextstat-bin <path>",
      "the nextstat program (default: beside this one, else on PATH)",
      plainPath("--nextstat-bin"),
    )
    .option(
      "--gen <point>",
      "generate toys at the spec's `init` values or at the `mle` of the observed data",
      oneOf("--gen", ["init", "mle"]),
      "init",
    )
    .option("--set <name=value>", "override a generation parameter (repeatable)", repeated)
    .option("--freeze-gen", "fit the generation point once, now, and give every shard the same values")
    .option("--pulls", "compute each toy's sigma and pull (about 10 % slower)")
    .option("--require-all-converged", "guardrail on the merged set: every toy converged")
    .option(
      "--max-abs-poi-pull-mean <x>",
      "guardrail on the merged set: |mean pull| at most x",
      realNumber("--max-abs-poi-pull-mean", 0),
    )
    .option("--poi-pull-std-range <lo hi...>", "guardrail on the merged set: std of the pulls within lo and hi")
    .option("--extra-arg <word>", "a further word for nextstat (repeatable)", repeated)
    .option(
      "--pilots <k>",
      "k jobs that each take the next open shard until none is left, in place of a job for each shard; needs a shared disk",
      wholeNumber("--pilots", 1, 100_000),
    )
    .option("--speculate", "with --pilots: an idle one runs a shard a second time that takes far longer than others")
    .option(
      "--heartbeat-s <s>",
      "with --pilots: how often one says that it is alive (default: 40); silent for three times as long, it loses its shards to others",
      realNumber("--heartbeat-s", 0.1),
    )
    .option("--no-check", "do not fit one toy first to see whether nextstat takes the spec");
}

/** The flags that say how a run's jobs get at their files. */
export function defineJobFlags(command: Command): void {
  command
    .option(
      "--wrapper <kind>",
      "what runs in a job: this binary, or a small sh script",
      oneOf("--wrapper", ["binary", "sh"]),
    )
    .option("--mode <mode>", "shared file system, or file transfer", oneOf("--mode", ["shared", "transfer"]), "shared");
}

function threads(text: string): number | string {
  return /^[a-z-]+$/.test(text) ? oneOf("--threads", THREAD_POLICIES)(text) : wholeNumber("--threads", 0, 4096)(text);
}

function seed(text: string): number | "next" {
  return text === "next" ? "next" : wholeNumber("--seed", 0)(text);
}

const Flags = z.object({
  config: z.string(),
  nToys: z.number(),
  seed: z.union([z.number(), z.literal("next")]),
  shards: z.optional(z.number()),
  threads: z.union([z.number(), z.string()]),
  nextstatBin: z.optional(z.string()),
  outDir: z.string(),
  runId: z.optional(z.string()),
  gen: z.enum(["init", "mle"]),
  set: z._default(z.array(z.string()), []),
  freezeGen: z._default(z.boolean(), false),
  pulls: z._default(z.boolean(), false),
  requireAllConverged: z._default(z.boolean(), false),
  maxAbsPoiPullMean: z.optional(z.number()),
  poiPullStdRange: z.optional(z.array(z.string())),
  extraArg: z._default(z.array(z.string()), []),
  pilots: z.optional(z.number()),
  speculate: z._default(z.boolean(), false),
  heartbeatS: z.optional(z.number()),
  check: z.boolean(),
  wrapper: z.optional(z.enum(["binary", "sh"])),
  mode: z._default(z.enum(["shared", "transfer"]), "shared"),
});

/**
 * The request that the flags make, with absolute paths.
 * @throws {FarmError} usage
 */
export function readRequest(options: Record<string, unknown>, adapter: SchedulerAdapter, prefix: string): RunRequest {
  const flags = Flags.parse(options);
  const out_dir = resolve(flags.outDir);
  const hosts = typeof options["hostsFile"] === "string" ? readHosts(options["hostsFile"]).hosts : [];
  const is_static = options["static"] === true;
  if (is_static && flags.shards !== undefined) {
    throw new FarmError("usage", "Cannot use --shards with --static: each host gets one share");
  }
  const before = flags.runId === undefined ? null : askedBefore(join(out_dir, flags.runId));
  const shards = is_static
    ? Math.min(hosts.length, flags.nToys)
    : flags.shards ?? before?.shards ?? defaultShards(flags.nToys, adapter);
  splitToys(flags.nToys, shards);
  const wrapper = flags.wrapper ?? (flags.mode === "transfer" ? "sh" : "binary");
  checkPluginRequest(adapter, { wrapper, mode: flags.mode });
  const guardrails = {
    require_all_converged: flags.requireAllConverged,
    max_abs_poi_pull_mean: flags.maxAbsPoiPullMean ?? null,
    poi_pull_std_range: flags.poiPullStdRange ? stdRange(flags.poiPullStdRange) : null,
  };
  const asks_pulls = guardrails.max_abs_poi_pull_mean !== null || guardrails.poi_pull_std_range !== null;
  return {
    scheduler: adapter.name,
    config: resolve(flags.config),
    n_toys: flags.nToys,
    seed: flags.seed === "next" ? before?.seed ?? nextSeed(out_dir) : flags.seed,
    shards,
    threads: typeof flags.threads === "number" ? flags.threads : 0,
    nextstat_bin: findNextstat(flags.nextstatBin),
    out_dir,
    run_id: flags.runId ?? freshRunId(out_dir, prefix),
    gen: flags.gen,
    set: setValues(flags.set),
    freeze_gen: flags.freezeGen,
    pulls: flags.pulls || asks_pulls,
    guardrails,
    extra_args: checkExtra(flags.extraArg),
    wrapper,
    mode: flags.mode,
    pilots: flags.pilots ?? null,
    options: {
      ...readSchedulerOptions(options, adapter),
      ...threadPolicy(flags.threads || (is_static ? "physical" : 0), adapter),
      ...pilotOptions(flags, shards, adapter),
    },
    check: flags.check,
  };
}

/** A pilot is a job of many shards, whichever they turn out to be. */
function pilotOptions(
  { pilots, speculate, heartbeatS, mode, wrapper }: z.infer<typeof Flags>,
  shards: number,
  adapter: SchedulerAdapter,
): Record<string, number | boolean> {
  if (pilots === undefined) return {};
  if (!adapter.options.some(({ name }) => name === "shards-per-job")) {
    throw new FarmError(
      "usage",
      `Cannot use --pilots with ${adapter.name}: its slots take the next open shard in any case`,
    );
  }
  if (mode === "transfer" || wrapper === "sh") {
    throw new FarmError(
      "usage",
      "Cannot use --pilots with file transfer or --wrapper sh: they share the run directory",
    );
  }
  return {
    "shards-per-job": Math.ceil(shards / pilots),
    ...(speculate ? { speculate } : {}),
    ...(heartbeatS === undefined ? {} : { "heartbeat-s": heartbeatS }),
  };
}

/** A word of --threads is kept among the options of the scheduler, which alone knows its hosts. */
function threadPolicy(word: number | string, adapter: SchedulerAdapter): Record<string, string> {
  if (typeof word === "number") return {};
  if (adapter.name === "ssh") return { "threads-policy": word };
  throw new FarmError("usage", `Cannot use --threads "${word}" with ${adapter.name}: wanted a number`);
}

/** Of this machine alone is it known what can run shards. @throws {FarmError} usage */
function defaultShards(n_toys: number, { name }: SchedulerAdapter): number {
  if (name === "local") return shardsForSlots(n_toys, navigator.hardwareConcurrency);
  const what = name === "ssh" ? "--hosts-file FILE" : `--scheduler ${name}`;
  throw new FarmError(
    "usage",
    "Cannot render without --shards: wanted the number of shards",
    `nsfarm-deno preflight ${what} suggests a number`,
  );
}

export function stdRange(words: string[]): [number, number] {
  const [lo, hi, ...more] = words.flatMap((word) => word.split(",")).map(realNumber("--poi-pull-std-range", 0));
  if (lo === undefined || hi === undefined || more.length > 0 || lo > hi) {
    throw new FarmError("usage", `Cannot use --poi-pull-std-range "${words.join(" ")}": wanted two numbers, LO HI`);
  }
  return [lo, hi];
}

function checkExtra(words: string[]): string[] {
  const owned = words.find((word) => OWNED_FLAGS.some((flag) => word === flag || word.startsWith(`${flag}=`)));
  if (owned === undefined) return words;
  throw new FarmError(
    "usage",
    `Cannot use --extra-arg "${owned}": nsfarm-deno sets this flag of nextstat itself`,
    "Use its own option for it; see --help",
  );
}

/** The run directory that a request names. */
export const requestDir = (request: RunRequest): string => join(request.out_dir, request.run_id);
