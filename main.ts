import { printAnswer, printNote } from "./commands/output.ts";
import { EXIT_CODES, type FarmError, isFarmError, printedError } from "./core/errors.ts";
import { unexpectedFileError } from "./core/file_fault.ts";
import { VERSION } from "./core/version.ts";

/**
 * Runs the program and returns its exit code; only this file ends the process, and it has the only catch for all
 * errors.
 */
async function main(argv: string[]): Promise<number> {
  try {
    if (argv[0] === "--version" || argv[0] === "-V") return printVersion(argv.includes("--json"));
    const { runCommandLine } = await import("./commands/program.ts");
    return await runCommandLine(argv);
  } catch (error) {
    return report(error, argv.includes("--json"));
  }
}

function printVersion(json: boolean): number {
  const build = Reflect.get(globalThis, "__NSFARM_BUILD__") ?? null;
  printAnswer(
    json
      ? JSON.stringify({ name: "nsfarm-deno", version: VERSION, deno: Deno.version.deno, build }, null, 2)
      : `nsfarm-deno ${VERSION}`,
  );
  return EXIT_CODES.done;
}

function report(thrown: unknown, json: boolean): number {
  const error = unexpectedFileError(thrown);
  if (!isFarmError(error)) {
    printNote("nsfarm-deno: internal error; please report it with the lines below");
    printNote(Deno.inspect(error));
    return EXIT_CODES.bug;
  }
  if (json) printError(error);
  printNote(printedError(error));
  return error.exitCode;
}

/** Prints an error. With --json it is a document too; if stdout cannot be written, the words on stderr remain. */
function printError({ kind, message, next, exitCode: exit_code }: FarmError): void {
  try {
    printAnswer(JSON.stringify({ error: { kind, message, next: next ?? null, exit_code } }, null, 2));
  } catch {
    // The caller prints the words on stderr.
  }
}

Deno.exit(await main(Deno.args));
