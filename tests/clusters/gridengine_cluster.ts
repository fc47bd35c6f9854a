import { chmodSync, copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { useCopies } from "../support/program_copies.ts";
import { homeOf, USER } from "./as_user.ts";
import { bringUp, type Clients, clientsWith, type Cluster } from "./cluster.ts";

/** A real Grid Engine with one node; the plugin is beside the binary, and both belong to root. */
export interface GridEngine extends Cluster, Clients {}

/** Starts the cluster. Its programs have a PATH without Deno and Node. */
export async function bringUpGridEngine(): Promise<GridEngine> {
  const { printed, ...cluster } = await bringUp({ kind: "gridengine", words: () => ["--slots", "8"] });
  const programs = join(cluster.dir, "programs");
  useCopies(programs);
  dropPlugin(programs);
  const own = Object.fromEntries(printed.trim().split("\n").map((line) => line.split("=")));
  return { ...cluster, ...clientsWith({ ...own, PATH: "/usr/bin:/bin", ...homeOf(USER) }) };
}

/**
 * Copies the Grid Engine plugin into schedulers/ of a folder, as a site would: its file and the folder of its parts.
 */
export function dropPlugin(place: string): string {
  const folder = join(place, "schedulers");
  mkdirSync(join(folder, "gridengine"), { recursive: true, mode: 0o755 });
  const files = [
    "gridengine.ts",
    ...["options", "query", "steer", "submit", "words"].map((name) => `gridengine/${name}.ts`),
  ];
  for (const file of files) {
    copyFileSync(fileURLToPath(new URL(`../../plugins/${file}`, import.meta.url)), join(folder, file));
    chmodSync(join(folder, file), 0o644);
  }
  return join(folder, "gridengine.ts");
}
