import { describeLimits, suggest } from "../core/describe_limits.ts";
import { EXIT_CODES, FarmError } from "../core/errors.ts";
import { runCommands } from "../host/drive_adapter.ts";
import { loadAdapter } from "../host/load_adapter.ts";
import { writeProfile } from "../host/profile/write_profile.ts";
import type { CommandSpec } from "./command.ts";
import { tellPlugin } from "./scheduler_flags.ts";

const PROFILE = "nsfarm-deno.jsonc";

const preflight: CommandSpec = {
  name: "preflight",
  needs: ["read", "write", "run", "env", "sys"],
  schedulers: true,
  define: (command) => {
    command
      .requiredOption("--scheduler <name>", "the scheduler to ask: slurm, htcondor …")
      .option("--write-profile [file]", "write a profile of what was found (default: nsfarm-deno.jsonc)");
  },
  run: async ({ options, out }) => {
    const adapter = await loadAdapter(String(options["scheduler"]));
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
    const asked = options["writeProfile"];
    const path = asked === true ? PROFILE : typeof asked === "string" ? asked : null;
    const profile = path === null ? null : writeProfile(path, adapter, limits, found.split("\n"));
    out.print(found);
    if (profile !== null) out.print(`profile: ${profile}`);
    out.document({ scheduler: adapter.name, limits, suggestion: suggest(limits), profile });
    return EXIT_CODES.done;
  },
};
export default preflight;
