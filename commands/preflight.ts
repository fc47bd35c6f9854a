import { resolve } from "node:path";
import { describeLimits, describeMachine, suggest } from "../core/describe_limits.ts";
import { EXIT_CODES, FarmError } from "../core/errors.ts";
import type { FlagValues } from "../core/flags.ts";
import { quoteWord } from "../core/shell_quote.ts";
import { PREFLIGHT_SCHEMA } from "../core/schema/preflight.ts";
import { describePreflight } from "../core/ssh/preflight.ts";
import { SSH_CONNECTION, sshSettings } from "../core/ssh/ssh_flags.ts";
import { VERSION } from "../core/version.ts";
import { beginsWith, type OutKind, refuseOut } from "../runtime/fs/refuse_out.ts";
import { writeDocument } from "../runtime/fs/write.ts";
import { type Probed, writeProfile } from "../runtime/output/write_profile.ts";
import { readHosts } from "../runtime/run/hosts_file.ts";
import { loadAdapter } from "../runtime/scheduler/adapters.ts";
import { runCommands } from "../runtime/scheduler/drive.ts";
import { preflightHosts } from "../runtime/ssh/preflight.ts";
import { inspectMachine } from "../runtime/system/machine.ts";
import type { Backend } from "../schedulers/adapter.ts";
import { defineCommand, defineFlags, type Output } from "./flags.ts";
import { reportPlugin } from "./scheduler_flags.ts";

const preflightFlags = defineFlags({
  scheduler: { type: "string", placeholder: "name", help: "scheduler to check: slurm, htcondor …" },
  "hosts-file": { type: "path", help: "hosts to check by ssh, one per line" },
  "timeout-s": { type: "number", min: 0.1, default: 20, placeholder: "s", help: "time limit for each host in seconds" },
  jobs: {
    type: "integer",
    min: 1,
    max: 1000,
    default: 16,
    placeholder: "n",
    help: "number of hosts to check at the same time",
  },
  "nextstat-bin": { type: "path", help: "path of nextstat on the hosts (default: on PATH)" },
  "remote-base-dir": { type: "path", placeholder: "dir", help: "folder for runs on the hosts" },
  out: { type: "path", help: "also write the JSON document to this file" },
  "write-profile": {
    type: "string",
    bare: true,
    placeholder: "file",
    help: "write a profile with these findings (default: nsfarm-deno.jsonc)",
  },
  ...SSH_CONNECTION,
});
type Flags = FlagValues<typeof preflightFlags.table>;

const PREFLIGHT_OUT: OutKind = {
  flag: "--out",
  what: "preflight",
  name: null,
  isOne: (path) => beginsWith(path, (head) => head.includes(PREFLIGHT_SCHEMA)),
};

/** Probes every host of a hosts file; exit code 4 when none can be used. */
async function preflightOfHosts(hosts_file: string, flags: Flags, out: Output): Promise<number> {
  if (flags.out !== undefined) refuseOut(PREFLIGHT_OUT, flags.out);
  const hosts = readHosts(hosts_file);
  for (const warning of hosts.warnings) out.warn(warning);
  const order = {
    base: flags.remoteBaseDir ?? null,
    nextstat: flags.nextstatBin ?? "nextstat",
    timeout_s: flags.timeoutS,
    jobs: flags.jobs,
  };
  const absolute = (path: string | undefined) => path && resolve(path);
  const reached = { ...flags, sshKey: absolute(flags.sshKey), sshConfig: absolute(flags.sshConfig) };
  const settings = sshSettings(reached, Math.max(1, Math.round(flags.timeoutS)));
  const found = await preflightHosts(resolve(hosts_file), hosts, settings, order);
  out.print(describePreflight(found));
  if (flags.out !== undefined) {
    writeDocument(resolve(flags.out), found);
    out.print(resolve(flags.out));
  }
  out.document(found);
  return found.stats.some((one) => one.ok) ? EXIT_CODES.done : EXIT_CODES.unreachable;
}

const PROFILE = "nsfarm-deno.jsonc";

export default defineCommand({
  schedulers: true,
  flags: preflightFlags,
  run: async ({ flags, out }) => {
    const { scheduler, hostsFile, writeProfile: target, out: file } = flags;
    if (scheduler !== undefined && file !== undefined) {
      throw onlyWith("--out", "--hosts-file", "--json prints the document of a scheduler");
    }
    if (hostsFile !== undefined && target !== undefined) {
      throw onlyWith("--write-profile", "--scheduler", "Begin from profiles/ssh-workstations.jsonc of the sources");
    }
    if (scheduler !== undefined && hostsFile === undefined) return await preflightOf(scheduler, target, out);
    if (scheduler === undefined && hostsFile !== undefined) return await preflightOfHosts(hostsFile, flags, out);
    throw new FarmError("usage", "Cannot run preflight without a target: give --scheduler NAME or --hosts-file FILE");
  },
});

const onlyWith = (flag: string, other: string, next: string): FarmError =>
  new FarmError("usage", `Cannot use ${flag} here: it belongs to ${other}`, next);

/** The value of --write-profile: a file, true for the default name, or undefined. */
type ProfileTarget = string | true | undefined;

/** Prints the limits that a scheduler reports. */
async function preflightOf(scheduler: string, target: ProfileTarget, out: Output): Promise<number> {
  const adapter = await loadAdapter(scheduler);
  reportPlugin(adapter, out);
  if (adapter.slots_on === "hosts") {
    throw new FarmError("usage", "Cannot run preflight for ssh without hosts: give --hosts-file FILE");
  }
  if (adapter.kind === "worker") return await preflightHere(adapter, target, out);
  const results = await runCommands(adapter, adapter.probe(Deno.env.get("USER")), "/");
  const silent = results.length > 0 && results.every((one) => one.exit_code !== 0);
  const printed = results.map((one) => one.spawn_error ?? one.stderr.trim().split("\n")[0]).find((text) => text);
  if (silent) {
    throw new FarmError(
      "unreachable",
      `Cannot query ${adapter.name}: ${printed ?? "no answer"}`,
      "Run this on a machine that can submit to it",
    );
  }
  const limits = adapter.readProbe(results);
  const throttle = adapter.options.find((option) => option.role === "throttle")?.name;
  const found = describeLimits(adapter.name, limits, throttle);
  return await reportProbe(adapter, { limits, suggestion: suggest(limits), found }, target, out);
}

async function reportProbe(
  adapter: Backend,
  probed: Probed,
  target: ProfileTarget,
  out: Output,
): Promise<number> {
  const path = target === true ? PROFILE : target ?? null;
  const profile = path === null ? null : await writeProfile(path, adapter, probed);
  const { limits, suggestion, found } = probed;
  out.print(found);
  if (profile !== null) {
    out.print(`profile: ${profile}`);
    const places = "nsfarm-deno help files lists the places where it is found without";
    out.note(`Use it with: nsfarm-deno run --profile ${quoteWord(profile)} …; ${places}`);
  }
  out.document({ scheduler: adapter.name, limits, suggestion, profile });
  return EXIT_CODES.done;
}

/** Prints the limits of this process, which a local run gets. */
async function preflightHere(adapter: Backend, target: ProfileTarget, out: Output): Promise<number> {
  const { host, cpus_allowed, memory_bytes } = await inspectMachine();
  const here = {
    name: host,
    state: "up",
    nodes: 1,
    cpus: cpus_allowed,
    memory_mb: memory_bytes === null ? null : Math.floor(memory_bytes / 2 ** 20),
    time_limit: null,
  };
  const found = describeMachine(adapter.name, VERSION, here);
  return await reportProbe(
    adapter,
    { limits: { version: VERSION, places: [here] }, suggestion: null, found },
    target,
    out,
  );
}
