import { parse } from "es-module-lexer/js";
import { dirname, join, relative, resolve } from "node:path";
// The CommonJS build: the package names its ESM build in a way that does not bundle, and that has no types beside it.
// @ts-types="npm:sucrase@3.35.1"
import { transform } from "sucrase";
import { errorText, FarmError } from "../../core/errors.ts";
import { sha256Of } from "../fs/hash_file.ts";
import { pluginFault, readTrusted, type Trusted } from "./trust.ts";

/** A file of a plugin as its Worker runs it: without types, with imports as calls of `require`. */
interface Script {
  code: string;
  /** Its import specifiers as written. */
  imports: string[];
}

/**
 * Returns a file as a script.
 * @param file path, ending in .ts or .js
 * @throws {FarmError} input, for an invalid module or one that a plugin may not have
 */
function toScript(file: string, text: string): Script {
  try {
    const plain = file.endsWith(".ts") ? withoutTypes(file, text) : text;
    const imports = importsIn(file, plain);
    const { code } = transform(plain, { transforms: ["imports"], disableESTransforms: true });
    return { code, imports };
  } catch (error) {
    throw error instanceof FarmError ? error : pluginFault(file, `it is no module: ${errorText(error)}`);
  }
}

/** Strips types. Sucrase drops namespaces silently, so they are refused; it handles all else of TypeScript. */
function withoutTypes(file: string, text: string): string {
  if (/^\s*(export\s+)?namespace\s+\w/m.test(text)) {
    throw pluginFault(file, "it has a namespace, which cannot be stripped", "Put its functions at the top of a file");
  }
  return transform(text, { transforms: ["typescript"], disableESTransforms: true }).code;
}

function importsIn(file: string, code: string): string[] {
  return parse(code)[0].map((one) => {
    const where = `line ${code.slice(0, one.importStart).split("\n").length}`;
    if (one.type === "dynamic") {
      throw pluginFault(file, `it has an import() in ${where}`, "Write an import at the top of the file instead");
    }
    if (one.type === "import-meta") {
      throw pluginFault(file, `it has an import.meta in ${where}`, "An adapter must not depend on its location");
    }
    return one.specifier ?? "";
  });
}

/** One file of a plugin, ready for its Worker. */
interface PluginModule {
  file: string;
  code: string;
  imports: Record<string, string>;
}

/** The modules of a plugin, not yet run. */
export interface PluginSource {
  /** The named file, with links resolved. */
  entry: string;
  /** All modules; each follows the modules that it imports. */
  modules: PluginModule[];
  /** For one file its sha256sum; for several, the sum of the lines that sha256sum prints (paths from `entry`). */
  sha256: string;
}

const MAX_FILES = 100;

/**
 * Reads a plugin and all that it imports.
 * @throws {FarmError} input: does not exist, not trusted, not a module, a URL, a cycle
 */
export function readPlugin(path: string, trusted: Trusted): PluginSource {
  const reading = new Reading(trusted);
  const entry = reading.take(resolve(path), [], path);
  return { entry, modules: reading.modules, sha256: reading.sum(entry) };
}

class Reading {
  readonly modules: PluginModule[] = [];
  readonly #sums = new Map<string, string>();

  constructor(readonly trusted: Trusted) {}

  /** Reads a file and its imports. @param chain the files whose imports lead here */
  take(path: string, chain: string[], named: string): string {
    const importer = chain.at(-1);
    const wanted = importer === undefined ? "" : `it imports "${named}": `;
    if (!/\.[jt]s$/.test(path)) {
      throw pluginFault(importer ?? path, `${wanted}wanted a file whose name ends in .ts or .js`);
    }
    const { file, bytes } = readTrusted(path, this.trusted);
    if (chain.includes(file)) {
      const circle = [...chain.slice(chain.indexOf(file)), file].map((one) => relative(dirname(file), one));
      throw pluginFault(chain[0] ?? file, `its imports form a cycle: ${circle.join(" -> ")}`);
    }
    if (this.#sums.has(file)) return file;
    if (this.#sums.size >= MAX_FILES) throw pluginFault(chain[0] ?? file, `it has more than ${MAX_FILES} files`);
    this.#sums.set(file, sha256Of(bytes));
    this.#add(file, new TextDecoder().decode(bytes), chain);
    return file;
  }

  #add(file: string, text: string, chain: string[]): void {
    const { code, imports } = toScript(file, text);
    const found = imports.map((name) => [name, this.take(besides(file, name), [...chain, file], name)] as const);
    this.modules.push({ file, code, imports: Object.fromEntries(found) });
  }

  sum(entry: string): string {
    const [only, ...more] = this.#sums.values();
    if (only !== undefined && more.length === 0) return only;
    const lines = [...this.#sums].map(([file, sum]) => `${sum}  ${relative(dirname(entry), file)}\n`);
    return sha256Of(lines.sort().join(""));
  }
}

function besides(file: string, name: string): string {
  if (/^\.{1,2}\//.test(name)) return join(dirname(file), name);
  const kind = /^[a-z][a-z0-9+.-]*:/i.test(name) ? "URL" : "package";
  throw pluginFault(
    file,
    `it imports the ${kind} "${name}": wanted a relative path, as "./states.ts"`,
    "A plugin must contain all that it needs; for a type use: import type",
  );
}
