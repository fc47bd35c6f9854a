import { describeLimits, suggest } from "../core/describe_limits.ts";
import { EXIT_CODES, FarmError } from "../core/errors.ts";
import { runCommands } from "../host/jobs/drive_adapter.ts";
import { loadAdapter } from "../host/jobs/load_adapter.ts";
import { writeProfile } from "../host/profile/write_profile.ts";
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

/** Asks a scheduler for its limits. @param asked the profile to write; true: of the usual name */
async function preflightOf(scheduler: string, asked: string | true | undefined, out: Output): Promise<number> {
  const adapter = await loadAdapter(scheduler);
  tellPlugin(adapter, out);
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
  const path = asked === true ? PROFILE : asked ?? null;
  const profile = path === null ? null : writeProfile(path, adapter, limits, found.split("\n"));
  out.print(found);
  if (profile !== null) out.print(`profile: ${profile}`);
  out.document({ scheduler: adapter.name, limits, suggestion: suggest(limits), profile });
  return EXIT_CODES.done;
}
