import { describeLimits, suggest } from "../core/describe_limits.ts";
import { EXIT_CODES, FarmError } from "../core/errors.ts";
import { plainPath, wholeNumber } from "../core/parse_flag.ts";
import { runCommands } from "../host/jobs/drive_adapter.ts";
import { loadAdapter } from "../host/jobs/load_adapter.ts";
import { writeProfile } from "../host/profile/write_profile.ts";
import type { CommandSpec } from "./command.ts";
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
