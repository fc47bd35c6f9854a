// Part of the built program: runs all of it but its start (main.ts). That is one script, with V8's code cache of the
// functions that a command needs, and a script for each package that few commands need.
import { createRequire } from "node:module";
import { Script } from "node:vm";
import parts from "./parts.js";

// A second thread (runtime/system/second_thread.ts) begins with this file. Deno drops a message that comes before there is
// a handler, so those that come while the modules are loaded are kept.
const isThread = "WorkerGlobalScope" in globalThis;
const early = [];
if (isThread) globalThis.onmessage = (event) => early.push(event);

// Other commands have the cache of `run`, with which they share most functions. Scripts and caches are imported, not
// read: Deno shows embedded files below TMPDIR, and refuses to read any file below /dev.
const { scripts, cache } = parts.get(Deno.args[0]) ?? parts.get("run");
const [{ default: texts }, cached] = await Promise.all([scripts(), cache?.()]);

const builtIn = createRequire(import.meta.url);
const loaded = new Map();

/** Returns the compiled script of that name; its `cachedDataRejected` is true where V8 does not accept the cache. */
export const compiled = (name, cachedData) => new Script(texts[name], { filename: `${name}.js`, cachedData });

/** Runs a script as a CommonJS module. */
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
export const { runCommandLine, loadThread } = required("program");

if (isThread) {
  await loadThread(globalThis.name);
  for (const event of early) globalThis.onmessage(event);
}
