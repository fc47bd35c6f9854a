// Run during the build with the arguments COMMAND RUN LINE...: runs the command lines, in which RUN stands for that path,
// and writes V8's code cache of the functions that they used to COMMAND.cache. Their work must not depend on the time, so
// that each build writes the same bytes.
import { compiled, runCommandLine, script } from "./load_program.js";

const [command, run, ...lines] = Deno.args;
// The command prints nothing, and cannot drop the permission to write the cache.
console.log = () => {};
console.error = () => {};
Deno.permissions.revokeSync = () => {};
for (const line of lines) await runCommandLine(line.split(" ").map((word) => word.replace("RUN", run)));
// A garbage collection that is under way changes the age of functions, which V8 writes too.
await new Promise((resolve) => setTimeout(resolve, 300));
const cache = script.createCachedData();
Deno.writeFileSync(`${command}.cache`, cache);
if (compiled("program", cache).cachedDataRejected) throw new Error("V8 does not accept the code cache that it made");
Deno.exit(0);
