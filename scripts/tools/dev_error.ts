/** An error whose one-line message is all that a developer needs; printed without a stack. */
export class DevError extends Error {}

/** Runs a script's main function and ends the process with the exit code that it returns. */
export async function runMain(main: () => Promise<number>): Promise<never> {
  try {
    Deno.exit(await main());
  } catch (error) {
    if (!(error instanceof DevError)) throw error;
    console.error(`dev: ${error.message}`);
    Deno.exit(1);
  }
}
