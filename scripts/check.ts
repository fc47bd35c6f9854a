/** `./dev check`: checks of the sources that do not run them. */
import { checkLayers, runChecks } from "./testing/run_checks.ts";
import { runMain } from "./tools/dev_error.ts";

await runMain(async () => {
  const results = [...await runChecks(), ...await checkLayers()];
  return results.some((result) => result.failed.length > 0) ? 1 : 0;
});
