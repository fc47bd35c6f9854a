import { describeLimits, describeMachine, suggest } from "../core/describe_limits.ts";
import { EXIT_CODES, FarmError } from "../core/errors.ts";
import { VERSION } from "../core/version.ts";
import { runCommands } from "../host/jobs/drive_adapter.ts";
import { loadAdapter } from "../host/jobs/load_adapter.ts";
import { lookAtMachine } from "../host/machine/machine.ts";
import { type Probed, writeProfile } from "../host/profile/write_profile.ts";
import type { Backend } from "../schedulers/adapter.ts";
import type { CommandSpec, Output } from "./command.ts";
import { preflightFlags, preflightOfHosts } from "./preflight_hosts.ts";
import { tellPlugin } from "./scheduler_flags.ts";

const PROFILE = "nsfarm-deno.jsonc";

const preflight: CommandSpec = {
  name: "preflight",
  needs: ["read", "write", "run", "env", "sys"],
  schedulers: true,
  define: preflightFlags.define,
  run: async ({ options, out }) => {
    const flags = preflightFlags.read(options);
    const { scheduler, hostsFile, writeProfile: asked } = flags;
    if (scheduler !== undefined && hostsFile === undefined) return await preflightOf(scheduler, asked, out);
    if (scheduler === undefined && hostsFile !== undefined) return await preflightOfHosts(hostsFile, flags, out);
    throw new FarmError("usage", "Cannot look at nothing: wanted either --scheduler or --hosts-file");
  },
};
export default preflight;

/** What --write-profile asks for: a file, true for the one of the usual name, or nothing. */
type AskedProfile = string | true | undefined;

/** Asks a scheduler for its limits. */
async function preflightOf(scheduler: string, asked: AskedProfile, out: Output): Promise<number> {
  const adapter = await loadAdapter(scheduler);
  tellPlugin(adapter, out);
  if (adapter.slots_on === "hosts") {
    throw new FarmError("usage", "Cannot look at hosts that nobody names: wanted --hosts-file");
  }
  if (adapter.kind === "worker") return await preflightHere(adapter, asked, out);
  const results = await runCommands(adapter, adapter.probe(Deno.env.get("USER")), "/");
  const silent = results.length > 0 && results.every((one) => one.exit_code !== 0);
  const said = results.map((one) => one.spawn_error ?? one.stderr.trim().split("\n")[0]).find((text) => text);
  if (silent) {
    throw new FarmError(
      "unreachable",
      `Cannot ask ${adapter.name}: ${said ?? "no answer"}`,
      "Is this a machine that can submit to it?",
    );
  }
  const limits = adapter.readProbe(results);
  const throttle = adapter.options.find((option) => option.role === "throttle")?.name;
  const found = describeLimits(adapter.name, limits, throttle);
  return tellFound(adapter, { limits, suggestion: suggest(limits), found }, asked, out);
}

function tellFound(adapter: Backend, probed: Probed, asked: AskedProfile, out: Output): number {
  const path = asked === true ? PROFILE : asked ?? null;
  const profile = path === null ? null : writeProfile(path, adapter, probed);
  const { limits, suggestion, found } = probed;
  out.print(found);
  if (profile !== null) out.print(`profile: ${profile}`);
  out.document({ scheduler: adapter.name, limits, suggestion, profile });
  return EXIT_CODES.done;
}

/** There is nobody to ask: what this process may use is what a run gets. */
async function preflightHere(adapter: Backend, asked: AskedProfile, out: Output): Promise<number> {
  const { host, cpus_allowed, memory_bytes } = await lookAtMachine();
  const here = {
    name: host,
    state: "up",
    nodes: 1,
    cpus: cpus_allowed,
    memory_mb: memory_bytes === null ? null : Math.floor(memory_bytes / 2 ** 20),
    time_limit: null,
  };
  const found = describeMachine(adapter.name, VERSION, here);
  return tellFound(adapter, { limits: { version: VERSION, places: [here] }, suggestion: null, found }, asked, out);
}
