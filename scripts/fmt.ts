/** `./dev fmt`: formats all sources in place. */
import { root, runHere, runMain } from "./tools.ts";

await runMain(() => runHere(Deno.execPath(), ["fmt", ...Deno.args], { cwd: root }));
