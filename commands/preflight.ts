import { describeLimits, describeMachine, suggest } from "../core/describe_limits.ts";
import { EXIT_CODES, FarmError } from "../core/errors.ts";
import { plainPath, wholeNumber } from "../core/parse_flag.ts";
import { VERSION } from "../core/version.ts";
import { runCommands } from "../host/jobs/drive_adapter.ts";
import { loadAdapter } from "../host/jobs/load_adapter.ts";
import { lookAtMachine } from "../host/machine/machine.ts";
import { type Probed, writeProfile } from "../host/profile/write_profile.ts";
import type { SchedulerAdapter } from "../schedulers/adapter.ts";
import type { CommandSpec, Output } from "./command.ts";
import { preflightOfHosts } from "./preflight_hosts.ts";
import { tellPlugin } from "./scheduler_flags.ts";
import { defineSshFlags, seconds } from "./ssh_flags.ts";

const PROFILE = "nsfarm-deno.jsonc";

const preflight: CommandSpec = {
  name: "preflight",
  needs: ["read", "write", "run", "env", "sys"],
  schedulers: true,
  define: (command) => {
    command
      .option("--scheduler <name>", "the scheduler to ask: slurm, htcondor …")
      .option("--hosts-file <path>", "hosts to look at by ssh, one a line", plainPath("--hosts-file"))
      .option("--timeout-s <s>", "how long one host may take", seconds("--timeout-s"), 20)
      .option("--jobs <n>", "hosts that are looked at at the same time", wholeNumber("--jobs", 1, 1000), 16)
      .option("--nextstat-bin <path>", "nextstat on the hosts (default: the one on PATH)", plainPath("--nextstat-bin"))
      .option("--remote-base-dir <dir>", "folder for runs on the hosts", plainPath("--remote-base-dir"))
      .option("--out <path>", "also write the document there", plainPath("--out"))
      .option("--write-profile [file]", "write a profile of what was found (default: nsfarm-deno.jsonc)");
    defineSshFlags(command);
  },
  run: async ({ options, out }) => {
    if ((options["scheduler"] === undefined) === (options["hostsFile"] === undefined)) {
      throw new FarmError("usage", "Cannot look at nothing: wanted either --scheduler or --hosts-file");
    }
    if (options["hostsFile"] !== undefined) return await preflightOfHosts(options, out);
    const adapter = await loadAdapter(String(options["scheduler"]));
    tellPlugin(adapter, out);
    if (adapter.name === "ssh") {
      throw new FarmError("usage", "Cannot look at hosts that nobody names: wanted --hosts-file");
    }
    if (adapter.name === "local") return await preflightHere(adapter, options, out);
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
    return tellFound(adapter, { limits, suggestion: suggest(limits), found }, options, out);
  },
};
export default preflight;

function tellFound(
  adapter: SchedulerAdapter,
  probed: Probed,
  { writeProfile: asked }: Record<string, unknown>,
  out: Output,
): number {
  const path = asked === true ? PROFILE : typeof asked === "string" ? asked : null;
  const profile = path === null ? null : writeProfile(path, adapter, probed);
  const { limits, suggestion, found } = probed;
  out.print(found);
  if (profile !== null) out.print(`profile: ${profile}`);
  out.document({ scheduler: adapter.name, limits, suggestion, profile });
  return EXIT_CODES.done;
}

/** There is nobody to ask: what this process may use is what a run gets. */
async function preflightHere(
  adapter: SchedulerAdapter,
  options: Record<string, unknown>,
  out: Output,
): Promise<number> {
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
  return tellFound(adapter, { limits: { version: VERSION, places: [here] }, suggestion: null, found }, options, out);
}
