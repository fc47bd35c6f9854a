// Runs one command, and writes V8's code cache of all functions that this took: of a command whose work does not depend on
// times, so that each build writes the same bytes.
import { compiled, runCommandLine, script } from "./load_program.js";

const [command] = Deno.args;
console.log = () => {};
console.error = () => {};
Deno.permissions.revokeSync = () => {};
await runCommandLine(Deno.args);
const cache = script.createCachedData();
Deno.writeFileSync(`${command}.cache`, cache);
if (compiled("program", cache).cachedDataRejected) throw new Error("V8 does not take the code cache that it made");
Deno.exit(0);
