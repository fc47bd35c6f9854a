// Part of the built program. Runs all of it but its start: one script with V8's code cache of what a command needs first,
// and one for each package that few commands need.
import { createRequire } from "node:module";
import { Script } from "node:vm";
import parts from "./parts.js";

// Those of `status` have much in common with most commands. Imported, not read: TMPDIR, where Deno sees these files, may be
// below /dev, where it lets nobody read.
const { scripts, cache } = parts.get(Deno.args[0]) ?? parts.get("status");
const [{ default: texts }, cached] = await Promise.all([scripts(), cache?.()]);

const builtIn = createRequire(import.meta.url);
const loaded = new Map();

/** Returns the script of that name; `cachedDataRejected` where V8 cannot use the cache. */
export const compiled = (name, cachedData) => new Script(texts[name], { filename: `${name}.js`, cachedData });

function load(name, cachedData) {
  const script = compiled(name, cachedData);
  const module = { exports: {} };
  loaded.set(name, module);
  script.runInThisContext()(required, module, module.exports);
  return script;
}

function required(name) {
  if (name.startsWith("node:")) return builtIn(name);
  if (!loaded.has(name)) load(name);
  return loaded.get(name).exports;
}

export const script = load("program", cached?.default);
export const { runCommandLine, loadThreads } = required("program");

if ("WorkerGlobalScope" in globalThis) await loadThreads();
