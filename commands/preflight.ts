import { describeLimits, suggest } from "../core/describe_limits.ts";
import { EXIT_CODES, FarmError } from "../core/errors.ts";
import { runCommands } from "../host/drive_adapter.ts";
import { loadAdapter } from "../host/load_adapter.ts";
import type { CommandSpec } from "./command.ts";

const preflight: CommandSpec = {
  name: "preflight",
  needs: ["read", "write", "run", "env", "sys"],
  define: (command) => {
    command.requiredOption("--scheduler <name>", "the scheduler to ask: slurm, htcondor …");
  },
  run: async ({ options, out }) => {
    const adapter = await loadAdapter(String(options["scheduler"]));
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
    out.print(describeLimits(adapter.name, limits, throttle));
    out.document({ scheduler: adapter.name, limits, suggestion: suggest(limits) });
    return EXIT_CODES.done;
  },
};
export default preflight;
