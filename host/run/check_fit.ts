import { dirname } from "node:path";
import type { FarmManifest } from "../../core/contracts/manifest.ts";
import { FarmError } from "../../core/errors.ts";
import { fitCommand } from "../../core/fit_command.ts";
import { ONE_BLAS_THREAD } from "../../core/recorded_environment.ts";
import { makeScratch } from "../disk/scratch.ts";
import { runProgram } from "../machine/run_program.ts";
import { resultOf } from "../shard/read_result.ts";

/**
 * Fits one toy as the run would, so that nextstat itself says whether it takes spec, parameters and arguments.
 * @returns the generation point by parameter name
 * @throws {FarmError} input, with nextstat's first error line
 */
export async function checkFit(manifest: FarmManifest): Promise<Record<string, number>> {
  const scratch = makeScratch(dirname(manifest.run_dir));
  try {
    const out = `${scratch}/out.json`;
    const paths = { nextstat: manifest.nextstat_bin, config: manifest.config, out, metrics: `${scratch}/metrics.json` };
    const one = { ...manifest, shards: 0 };
    const plan = { ...manifest.plans[0]!, n_toys: 1 };
    const argv = fitCommand(one, plan, paths, 1);
    const env = Object.entries(ONE_BLAS_THREAD).map(([name, value]) => `${name}=${value}`);
    // By way of sh: env(1) would take a path with a "=" in it for one more variable.
    const words = ["env", ...env, "sh", "-c", 'exec "$0" "$@"', ...argv];
    const { exit_code, stderr, stdout } = await runProgram({
      argv: words,
      cwd: dirname(manifest.config),
      timeout_s: 600,
    });
    const fit = resultOf(exit_code === 0 ? "ok" : "exit", exit_code, paths, one, plan);
    if ("cause" in fit) throw refusal(manifest.config, fit.fault ?? (stderr || stdout), exit_code);
    const { parameter_names, gen } = fit.output.output.frame;
    return Object.fromEntries(parameter_names.map((name, i) => [name, gen.params[i] ?? 0]));
  } finally {
    Deno.removeSync(scratch, { recursive: true });
  }
}

function refusal(config: string, said: string, code: number | null): FarmError {
  const lines = said.split("\n").map((line) => line.trim()).filter((line) => line !== "" && line !== "Caused by:");
  const first = lines.slice(0, 2).join(": ").replace(/^error: /i, "");
  return new FarmError(
    "input",
    `nextstat refuses the spec "${config}": ${first || `exit ${code}`}`,
    "Mend the spec or the options; --no-check renders without this trial fit of one toy",
  );
}
