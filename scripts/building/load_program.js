// Part of the built program. Runs all of it but its start: one script, with V8's code cache of what a command needs first,
// and one for each package that few commands need.
import { createRequire } from "node:module";
import { Script } from "node:vm";

const path = (name) => `${import.meta.dirname}/${name}`;
const builtIn = createRequire(import.meta.url);
const loaded = new Map();

/** Returns the script of that name; `cachedDataRejected` where V8 cannot use the cache. */
export const compiled = (name, cachedData) =>
  new Script(Deno.readTextFileSync(path(`${name}.script`)), { filename: `${name}.js`, cachedData });

function load(name, cachedData) {
  const script = compiled(name, cachedData);
  const module = { exports: {} };
  script.runInThisContext()(required, module, module.exports);
  loaded.set(name, module.exports);
  return script;
}

function required(name) {
  if (name.startsWith("node:")) return builtIn(name);
  const file = name.replaceAll("/", "_");
  if (!loaded.has(file)) load(file);
  return loaded.get(file);
}

/** Returns the cache of a command, else that of `status`, which has much in common with most. */
function cacheOf(command) {
  for (const name of [command, "status"]) {
    try {
      return Deno.readFileSync(path(`${name}.cache`));
    } catch {
      // not compiled ahead
    }
  }
}

export const script = load("program", cacheOf(Deno.args[0]));
export const { runCommandLine, loadThreads } = loaded.get("program");

if ("WorkerGlobalScope" in globalThis) await loadThreads();
