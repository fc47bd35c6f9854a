/** `./dev check`: checks of the sources that do not run them. */
import { checkLayers, runChecks } from "./testing/checks.ts";
import { runMain } from "./tools.ts";

await runMain(async () => {
  const results = [...await runChecks(), ...await checkLayers()];
  return results.some((result) => result.failed.length > 0) ? 1 : 0;
});
