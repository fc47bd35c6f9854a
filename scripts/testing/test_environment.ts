import { join } from "node:path";
import { ensureBinary } from "../building/ensure_binary.ts";
import { nextstatBin } from "../fetch_nextstat.ts";
import { makeInputs } from "../make_inputs.ts";
import { toolsDir } from "../tools.ts";

/**
 * Prepares what the tests of the real programs need, and returns the variables with their paths: NSFARM_TEST_BINARY,
 * NSFARM_TEST_NEXTSTAT (both programs) and NSFARM_TEST_INPUTS (a folder with both specs).
 * @throws DevError if something is missing
 */
export async function testEnvironment(): Promise<Record<string, string>> {
  const inputs = join(toolsDir, "test_inputs");
  await makeInputs(inputs, "10k");
  await makeInputs(inputs, "2m");
  return {
    NSFARM_TEST_BINARY: await ensureBinary(),
    NSFARM_TEST_NEXTSTAT: await nextstatBin(),
    NSFARM_TEST_INPUTS: inputs,
    // No test writes into the developer's own journal of nodes, or reads it.
    XDG_STATE_HOME: "/dev/null/state",
  };
}

/** Sets the variables by which the test clusters find the programs that they copy to their nodes. */
export async function nameTestPrograms(): Promise<void> {
  for (const [name, value] of Object.entries(await testEnvironment())) Deno.env.set(name, value);
}
