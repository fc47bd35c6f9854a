import { join, resolve } from "node:path";
import { checkTimeLimit } from "../core/cut_by_time.ts";
import { FarmError } from "../core/errors.ts";
import { type FlagTable, type FlagValues, oneOf, runId, setValues, wholeNumber } from "../core/flags.ts";
import { needsPulls } from "../core/merge/guardrails.ts";
import { requestDir, type RunRequest } from "../core/request.ts";
import { THREAD_POLICIES } from "../core/ssh/host_facts.ts";
import { DEFAULT_SHARDS, shardsForSlots, splitToys } from "../core/toys.ts";
import { freshRunId, nextSeed, requestedBefore } from "../runtime/render/runs_beside.ts";
import { readHosts } from "../runtime/run/hosts_file.ts";
import { avoidRecent } from "../runtime/scheduler/recent_nodes.ts";
import { findNextstat } from "../runtime/system/nextstat.ts";
import { BEAT_INTERVAL_S } from "../runtime/worker/heartbeats.ts";
import type { Backend } from "../schedulers/adapter.ts";
import { defineFlags, GUARDRAIL_FLAGS, readGuardrails } from "./flags.ts";
import { checkMode, readSchedulerOptions } from "./scheduler_flags.ts";
import { CHECK_STARTS_FLAG, GENERATION_FLAGS } from "./generation_flags.ts";
import { WORKLOAD_FLAGS, workloadOfFlags } from "./workload_flags.ts";

/** Flags for the toys and their fits; shared with sweep. */
const TOY_FLAGS = {
  config: {
    group: "What to run",
    type: "path",
    required: true,
    placeholder: "spec",
    help: "unbinned spec (JSON or YAML), or a workspace for hypotest-toys",
  },
  "n-toys": { group: "What to run", type: "integer", required: true, min: 1, placeholder: "n", help: "number of toys" },
  ...WORKLOAD_FLAGS,
  seed: {
    group: "What to run",
    type: "integer",
    default: 42,
    placeholder: "s",
    help: "seed of toy 0; toy k: seed + k; next = unused seed",
    read: seed,
  },
  threads: {
    group: "How to split it",
    type: "integer",
    default: 0,
    placeholder: "t",
    help: "threads per shard (0 = CPUs allocated to the job)",
    read: threads,
  },
  "nextstat-bin": {
    group: "What to run",
    type: "path",
    help: "nextstat to use (default: beside nsfarm-deno, else on PATH)",
  },
  ...GENERATION_FLAGS,
  pulls: { group: "What to run", type: "boolean", help: "compute each toy's sigma and pull (about 10 % slower)" },
  ...GUARDRAIL_FLAGS,
  "extra-arg": {
    group: "Advanced",
    type: "strings",
    placeholder: "word",
    help: "extra argument for nextstat (repeatable)",
  },
  pilots: {
    group: "How to split it",
    type: "integer",
    min: 1,
    max: 100_000,
    placeholder: "k",
    help: "submit k pilots that share all shards, not one job per shard",
  },
  speculate: {
    group: "How to split it",
    type: "boolean",
    help: "with --pilots: idle pilots start a copy of a very slow shard",
  },
  "heartbeat-s": {
    group: "Advanced",
    type: "number",
    min: 0.1,
    placeholder: "s",
    help: `with --pilots: heartbeat interval in seconds (default: ${BEAT_INTERVAL_S})`,
  },
  "check-starts": CHECK_STARTS_FLAG,
  check: { group: "Guardrails", type: "boolean", default: true, help: "skip the one-toy test fit" },
} as const satisfies FlagTable;

/** Flags for the place of a run; shared by render and run. sweep has its own. */
const PLACE_FLAGS = {
  shards: {
    group: "How to split it",
    type: "integer",
    min: 1,
    max: 1_000_000,
    placeholder: "k",
    help: `number of shards (local: ${DEFAULT_SHARDS})`,
  },
  "shard-minutes": {
    group: "How to split it",
    type: "number",
    min: 0.01,
    placeholder: "m",
    help: "minutes per shard in place of --shards; first shards measure toys",
  },
  "out-dir": { group: "Where", type: "path", default: ".", placeholder: "dir", help: "parent of run directories" },
  "run-id": {
    group: "Where",
    type: "string",
    placeholder: "id",
    help: "name of the run directory (default: from the date)",
    read: (text) => runId(text),
  },
  "avoid-nodes": {
    group: "Where",
    type: "string",
    choices: ["recent"],
    placeholder: "which",
    help: "keep jobs from nodes that failed in two runs within a week (nsfarm-deno nodes)",
  },
} as const satisfies FlagTable;

/** Flags for the access of a run's jobs to their files. */
const JOB_FLAGS = {
  wrapper: {
    group: "Advanced",
    type: "string",
    choices: ["binary", "sh"],
    placeholder: "kind",
    help: "nsfarm-deno or an sh script in each job (default: binary; sh where it does not start)",
  },
  mode: {
    group: "Where",
    type: "string",
    default: "shared",
    choices: ["shared", "transfer"],
    placeholder: "mode",
    help: "how jobs reach their files: shared file system or file transfer",
  },
} as const satisfies FlagTable;

const { mu: _, ...TOY_FLAGS_OF_SCAN } = TOY_FLAGS;
/** The flags of a scan's runs: all but the tested value, of which a limit has many. */
export const SCAN_RUN_FLAGS = { shards: PLACE_FLAGS.shards, ...TOY_FLAGS_OF_SCAN, ...JOB_FLAGS };
export const SWEEP_RUN_FLAGS = { ...TOY_FLAGS, ...JOB_FLAGS };
export const requestFlags = defineFlags({ ...PLACE_FLAGS, ...TOY_FLAGS, ...JOB_FLAGS });
type Flags = FlagValues<typeof requestFlags.table>;

function threads(text: string): number | string {
  return /^[a-z-]+$/.test(text) ? oneOf("--threads", THREAD_POLICIES)(text) : wholeNumber("--threads", 0, 4096)(text);
}

function seed(text: string): number | "next" {
  return text === "next" ? "next" : wholeNumber("--seed", 0)(text);
}

/**
 * Returns the request of a single run as readRequest does; with --seed next its seed is free when the run gets its name.
 * @throws {FarmError}
 */
export function readRunRequest(options: Record<string, unknown>, adapter: Backend, prefix: string): RunRequest {
  const request = readRequest(options, adapter, prefix);
  const isNext = requestFlags.read(options).seed === "next";
  return { ...request, fresh_seed: isNext && requestedBefore(requestDir(request)) === null };
}

/**
 * Returns the request that the flags make, with absolute paths.
 * @throws {FarmError} usage; input, for a hosts file that cannot be read
 */
export function readRequest(options: Record<string, unknown>, adapter: Backend, prefix: string): RunRequest {
  const flags = requestFlags.read(options);
  const out_dir = resolve(flags.outDir);
  const before = flags.runId === undefined ? null : requestedBefore(join(out_dir, flags.runId));
  const { shards, is_static } = readSplit(flags, options, before?.shards ?? null, adapter);
  const wrapper = flags.wrapper ?? (flags.mode === "transfer" ? "sh" : "binary");
  checkMode(adapter, flags.mode);
  const guardrails = readGuardrails(flags);
  const given = readSchedulerOptions(options, adapter);
  if (flags.shardMinutes !== undefined) checkTimeLimit(flags.shardMinutes, given, adapter.options);
  return {
    scheduler: adapter.name,
    config: resolve(flags.config),
    n_toys: flags.nToys,
    seed: flags.seed === "next" ? before?.seed ?? nextSeed(out_dir, flags) : flags.seed,
    shards,
    shard_minutes: flags.shardMinutes ?? null,
    threads: typeof flags.threads === "number" ? flags.threads : 0,
    nextstat_bin: findNextstat(flags.nextstatBin),
    out_dir,
    run_id: flags.runId ?? freshRunId(out_dir, prefix),
    ...workloadOfFlags(flags),
    gen: flags.gen,
    set: setValues(flags.set),
    // Starts freeze the generation point of their own.
    freeze_gen: flags.freezeGen && flags.starts === undefined,
    starts: flags.starts ?? null,
    check_starts: flags.check ? flags.checkStarts : 0,
    pulls: flags.pulls || needsPulls(guardrails),
    guardrails,
    wrapper,
    wrapper_given: flags.wrapper !== undefined,
    mode: flags.mode,
    pilots: flags.pilots ?? null,
    options: {
      ...(flags.avoidNodes === undefined ? given : avoidRecent(adapter, given, before?.options ?? null)),
      ...threadPolicy(flags.threads || (is_static ? "physical" : 0), adapter),
      ...pilotOptions(flags, shards, adapter),
    },
    check: flags.check,
  };
}

/**
 * Returns the number of shards (with --shard-minutes a placeholder), and whether each host gets one.
 * @param before the number in an existing run of that name, or null
 * @throws {FarmError} usage; input, for a hosts file that cannot be read
 */
function readSplit(flags: Flags, options: Record<string, unknown>, before: number | null, adapter: Backend) {
  const { nToys, shards: given, shardMinutes: minutes } = flags;
  const hosts = typeof options["hostsFile"] === "string" ? readHosts(options["hostsFile"]).hosts : [];
  const is_static = options["static"] === true;
  if (is_static && given !== undefined) {
    throw new FarmError("usage", "Cannot use --shards with --static: each host gets one share");
  }
  if (minutes !== undefined) {
    checkMinutesFlags(minutes, flags, is_static);
    return { shards: before ?? 1, is_static };
  }
  const shards = is_static ? Math.min(hosts.length, nToys) : given ?? before ?? defaultShards(nToys, adapter);
  splitToys(nToys, shards); // throws where these are too many
  return { shards, is_static };
}

/** Refuses options that contradict --shard-minutes. @throws {FarmError} usage */
function checkMinutesFlags(minutes: number, { shards, pilots, check }: Flags, is_static: boolean): void {
  const refuse = (flag: string, why: string) =>
    new FarmError("usage", `Cannot use --shard-minutes ${minutes} with ${flag}: ${why}`, "Leave one of them out");
  if (shards !== undefined) throw refuse(`--shards ${shards}`, "the time of a shard gives their number");
  if (is_static) throw refuse("--static", "each host gets one share");
  if (pilots !== undefined) throw refuse(`--pilots ${pilots}`, "a pilot runs one shard after the other");
  if (!check) throw refuse("--no-check", "the test fit shows how many toys a first shard has");
}

/** Returns the options of pilots: each is a job that runs any of the shards. @throws {FarmError} usage */
function pilotOptions(flags: Flags, shards: number, adapter: Backend): Record<string, number | boolean> {
  checkPilotFlags(flags, adapter);
  const { pilots, speculate, heartbeatS: beat } = flags;
  if (pilots === undefined) return {};
  const own = { ...(speculate ? { speculate } : {}), ...(beat === undefined ? {} : { "heartbeat-s": beat }) };
  return { "shards-per-job": Math.ceil(shards / pilots), ...own };
}

/** @throws {FarmError} usage, for flags of pilots without pilots, and for pilots that cannot run */
function checkPilotFlags({ pilots, speculate, heartbeatS, mode, wrapper }: Flags, { name, options }: Backend): void {
  const refuse = (flag: string, why: string, next?: string) =>
    new FarmError("usage", `Cannot use ${flag}: ${why}`, next);
  if (pilots === undefined) {
    const given = speculate ? "--speculate" : heartbeatS === undefined ? null : "--heartbeat-s";
    if (given === null) return;
    throw refuse(`${given} without --pilots`, "only pilots use it", "Add --pilots K, or leave it out");
  }
  if (!options.some((option) => option.name === "shards-per-job")) {
    throw refuse(`--pilots with ${name}`, "its slots always take the next open shard");
  }
  if (mode === "transfer" || wrapper === "sh") {
    throw refuse("--pilots with file transfer or --wrapper sh", "pilots need a shared run directory and nsfarm-deno");
  }
}

/** Returns a --threads word as an option of the scheduler, since only the scheduler knows its hosts. */
function threadPolicy(word: number | string, adapter: Backend): Record<string, string> {
  if (typeof word === "number") return {};
  if (adapter.slots_on === "hosts") return { "threads-policy": word };
  throw new FarmError("usage", `Cannot use --threads "${word}" with ${adapter.name}: wanted a number`);
}

/** Returns the default number of shards; only this machine's number of slots is known. @throws {FarmError} usage */
function defaultShards(n_toys: number, { name, slots_on }: Backend): number {
  if (slots_on === "machine") return shardsForSlots(n_toys, navigator.hardwareConcurrency);
  const what = slots_on === "hosts" ? "--hosts-file FILE" : `--scheduler ${name}`;
  throw new FarmError(
    "usage",
    "Cannot split the toys without --shards: wanted the number of shards",
    `nsfarm-deno preflight ${what} suggests a number`,
  );
}
