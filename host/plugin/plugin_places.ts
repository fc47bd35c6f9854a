import { readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ownBinary } from "../machine/own_program.ts";
import type { Trusted } from "./trusted_file.ts";

/** How a plugin was named. */
type Way = "--plugin" | "profile" | "NSFARM_PLUGINS" | "beside nsfarm-deno";

/** A file that may be a plugin; nobody has looked into it yet. */
export interface PluginFile {
  path: string;
  way: Way;
  /** The only sum that it may have. */
  sha256?: string;
}

/** The folder beside the binary whose files are plugins. */
const FOLDER = "schedulers";

/** Where plugins may be, first what counts first; whom they may belong to. */
interface Places {
  files: PluginFile[];
  trusted: Trusted;
}

let places: Places = { files: [], trusted: new Set() };

/**
 * Looks where plugins may be; once, at the start, while the program still has every permission.
 * @param named by --plugin or by a profile
 */
export function lookForPlugins(named: readonly PluginFile[]): Places {
  const own = ownBinary();
  const paths = (Deno.env.get("NSFARM_PLUGINS") ?? "").split(":").filter((path) => path !== "");
  places = {
    files: [
      ...named.map((one) => ({ ...one, path: resolve(one.path) })),
      ...paths.map((path) => ({ path: resolve(path), way: "NSFARM_PLUGINS" as const })),
      ...(Deno.build.standalone ? besides(join(dirname(own), FOLDER)) : []),
    ],
    trusted: trustedUsers(),
  };
  return places;
}

/** Root, the owner of this program, and who runs it. */
export function trustedUsers(): Trusted {
  return new Set([0, Deno.statSync(ownBinary()).uid ?? 0, Deno.uid() ?? 0]);
}

export const pluginPlaces = (): Places => places;

function besides(folder: string): PluginFile[] {
  try {
    const names = readdirSync(folder).filter((name) => /^[^._].*\.[jt]s$/.test(name) && !name.endsWith(".d.ts")).sort();
    return names.map((name) => ({ path: join(folder, name), way: "beside nsfarm-deno" }));
  } catch {
    return [];
  }
}
