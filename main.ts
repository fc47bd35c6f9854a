import { EXIT_CODES, FarmError } from "./core/errors.ts";
import { VERSION } from "./core/version.ts";

/** argv to exit code; the only place that ends the process, and the one catch for everything. */
async function main(argv: string[]): Promise<number> {
  if (argv[0] === "--version" || argv[0] === "-V") return printVersion(argv.includes("--json"));
  try {
    const { runProgram } = await import("./commands/program.ts");
    return await runProgram(argv);
  } catch (error) {
    return report(error, argv.includes("--json"));
  }
}

function printVersion(json: boolean): number {
  const build = Reflect.get(globalThis, "__NSFARM_BUILD__") ?? null;
  console.log(
    json
      ? JSON.stringify({ name: "nsfarm-deno", version: VERSION, deno: Deno.version.deno, build }, null, 2)
      : `nsfarm-deno ${VERSION}`,
  );
  return EXIT_CODES.done;
}

function report(error: unknown, json: boolean): number {
  if (!(error instanceof FarmError)) {
    console.error("nsfarm-deno: this is a bug of ours; please report it with the lines below");
    console.error(error);
    return EXIT_CODES.bug;
  }
  if (json) {
    console.log(
      JSON.stringify(
        { error: { kind: error.kind, message: error.message, next: error.next ?? null, exit_code: error.exitCode } },
        null,
        2,
      ),
    );
  }
  console.error(`nsfarm-deno: ${error.message}${error.next ? `\n  ${error.next}` : ""}`);
  return error.exitCode;
}

Deno.exit(await main(Deno.args));
