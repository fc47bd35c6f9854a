import { dirname, join, relative, resolve } from "node:path";
import { sha256Of } from "../disk/hash_file.ts";
import { pluginFault } from "./plugin_fault.ts";
import { toScript } from "./to_script.ts";
import { readTrusted, type Trusted } from "./trusted_file.ts";

/** One file of a plugin, ready for its Worker. */
interface PluginModule {
  file: string;
  code: string;
  /** What it imports, as written there, to the file that is meant. */
  imports: Record<string, string>;
}

/** A plugin that was read and not run. */
export interface PluginSource {
  /** The file that was named, with links resolved. */
  entry: string;
  /** Every module after those that it imports. */
  modules: PluginModule[];
  /** Of one file what sha256sum prints; of several, of the lines that sha256sum prints for them (paths from `entry`). */
  sha256: string;
}

const MOST_FILES = 100;

/**
 * Reads a plugin and all that it imports.
 * @throws {FarmError} input: not there, not trusted, not a module, a URL, a cycle
 */
export function readPlugin(path: string, trusted: Trusted): PluginSource {
  const reading = new Reading(trusted);
  const entry = reading.take(resolve(path), [], path);
  return { entry, modules: reading.modules, sha256: reading.sum(entry) };
}

class Reading {
  readonly modules: PluginModule[] = [];
  readonly #sums = new Map<string, string>();
  readonly #trusted: Trusted;

  constructor(trusted: Trusted) {
    this.#trusted = trusted;
  }

  /** @param chain the files whose imports lead here */
  take(path: string, chain: string[], named: string): string {
    const importer = chain.at(-1);
    const wanted = importer === undefined ? "" : `it imports "${named}": `;
    if (!/\.[jt]s$/.test(path)) {
      throw pluginFault(importer ?? path, `${wanted}wanted a file whose name ends in .ts or .js`);
    }
    const { file, bytes } = readTrusted(path, this.#trusted);
    if (chain.includes(file)) {
      const circle = [...chain.slice(chain.indexOf(file)), file].map((one) => relative(dirname(file), one));
      throw pluginFault(chain[0] ?? file, `its imports go round in a circle: ${circle.join(" -> ")}`);
    }
    if (this.#sums.has(file)) return file;
    if (this.#sums.size >= MOST_FILES) throw pluginFault(chain[0] ?? file, `it has more than ${MOST_FILES} files`);
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
    "A plugin brings all that it needs; a type comes with: import type",
  );
}
