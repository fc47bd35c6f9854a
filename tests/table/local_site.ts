import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { userFarm } from "../clusters/user_farm.ts";
import { asOrdinary, own } from "../support/ordinary_user.ts";
import { useCopies } from "../support/program_copies.ts";
import { type Column, type Columns, sharedFit, type TestSite } from "./site.ts";

const FINISH = {
  why: "this machine has no jobs that wait for others",
  code: 2,
  answer: /Cannot use --finish with local: it has no jobs that wait for others/,
};

const columns: Column[] = [
  { name: "local", words: [], usual: "all", without: { finish: FINISH } },
  { name: "local, 2 starts", words: [], starts: 2, usual: "all", without: { finish: FINISH } },
];

/** This machine. The other user is the one who runs the tests, where that is root. */
async function localSite(): Promise<TestSite> {
  const base = await mkdtemp(join(tmpdir(), "nsfarm-table-"));
  await chmod(base, 0o755);
  useCopies(join(base, "programs"));
  return {
    prefix: () => join(base, "run "),
    farm: async (folder, { words }, whose) => {
      if (whose === "mine") await own(folder);
      await chmod(folder, 0o755);
      const asWhom = whose === "mine" ? asOrdinary : (...words: string[]) => words;
      return {
        ...userFarm("local", folder, { HOME: folder }, asWhom),
        words,
        fit: (behaviour) => sharedFit(folder, behaviour),
      };
    },
    queued: () => Promise.resolve([]),
    clear: () => Promise.resolve(),
    close: () => Deno.removeSync(base, { recursive: true }),
  };
}

export const ON_LOCAL: Columns = { of: "local", columns, open: localSite, isCluster: false };
