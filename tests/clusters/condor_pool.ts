import { mkdirSync } from "node:fs";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { useCopies } from "../support/program_copies.ts";
import { giveAway, homeOf, output, USER } from "./as_user.ts";
import { bringUp, type Clients, clientsWith, type Cluster } from "./cluster.ts";

/** A real HTCondor pool: a submit side, and the execute nodes e1, e2 … */
export interface CondorPool extends Cluster, Clients {
  /** Folder of the submit side with programs and runs; with `hidden` the nodes see an empty folder there. */
  site: string;
  /** Folder that the submit side and the nodes always see. */
  open: string;
  /** Adds lines to the configuration of the submit side ("head") or of a node, and makes its daemons read it. */
  configure(host: string, ...lines: string[]): Promise<void>;
}

export interface PoolOptions {
  /** Number of one-core jobs that a node runs at once. */
  slots?: number;
  nodes?: number;
  /** Whether the nodes cannot see the submit side's files. */
  hidden?: boolean;
}

/**
 * Starts a pool. From then on tests use copies of programs and specs that the ordinary user can read; the tests'
 * folders are beside them.
 */
export async function bringUpCondor({ slots = 4, nodes = 1, hidden = false }: PoolOptions): Promise<CondorPool> {
  const beside = (base: string) => [join(base, "site"), join(base, "open")] as const;
  const { base, dir, ...pool } = await bringUp({
    kind: "condor",
    nodes: Array.from({ length: nodes }, (_, i) => `e${i + 1}`),
    words: (base) => {
      for (const folder of beside(base)) mkdirSync(folder);
      return ["--slots", `${slots}`, "--nodes", `${nodes}`, ...(hidden ? ["--private-execute", beside(base)[0]] : [])];
    },
  });
  const [site, open] = beside(base);
  // The ordinary user exists only now.
  await giveAway(open);
  useCopies(join(site, "programs"), { also: [open] });
  Deno.env.set("TMPDIR", site);
  return {
    ...pool,
    ...clientsWith({ CONDOR_CONFIG: join(dir, "etc/condor_config"), ...homeOf(USER) }),
    dir,
    site,
    open,
    configure: async (host, ...lines) => {
      const file = join(dir, "etc", host === "head" ? "condor_config" : `${host}.config`);
      await appendFile(file, `${lines.join("\n")}\n`);
      const master = (await readFile(join(dir, "pids", `master-${host}`), "utf8")).split(" ")[0] ?? "";
      await output(["kill", "-HUP", master], {});
    },
  };
}
