/** `./dev fmt`: formats all sources in place. */
import { root } from "./tool_paths.ts";
import { runMain } from "./tools/dev_error.ts";
import { runHere } from "./tools/run_here.ts";

await runMain(() => runHere(Deno.execPath(), ["fmt", ...Deno.args], { cwd: root }));
