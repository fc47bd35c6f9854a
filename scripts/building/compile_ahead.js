// Run during the build: runs the command in its arguments, and writes V8's code cache of the functions that it used to
// COMMAND.cache. The command's work must not depend on the time, so that each build writes the same bytes.
import { compiled, runCommandLine, script } from "./load_program.js";

const [command] = Deno.args;
// The command prints nothing, and cannot drop the permission to write the cache.
console.log = () => {};
console.error = () => {};
Deno.permissions.revokeSync = () => {};
await runCommandLine(Deno.args);
// A garbage collection that is under way changes the age of functions, which V8 writes too.
await new Promise((resolve) => setTimeout(resolve, 300));
const cache = script.createCachedData();
Deno.writeFileSync(`${command}.cache`, cache);
if (compiled("program", cache).cachedDataRejected) throw new Error("V8 does not accept the code cache that it made");
Deno.exit(0);
