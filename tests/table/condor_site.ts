import { join } from "node:path";
import { asNamed, giveAway, homeOf, OTHER_USER, USER } from "../clusters/as_user.ts";
import { emptyQueue, openFit, queued } from "../clusters/condor_farm.ts";
import { bringUpCondor } from "../clusters/condor_pool.ts";
import { userFarm } from "../clusters/user_farm.ts";
import { useCopies, usePrograms } from "../support/program_copies.ts";
import type { Column, Columns, TestSite } from "./site.ts";

const CONDOR = ["--scheduler", "htcondor"];
const TRANSFER = "HTCondor, transfer";
const TRANSFER_STARTS = "HTCondor, transfer, 2 starts";
const isHidden = ({ name }: Column): boolean => name === TRANSFER || name === TRANSFER_STARTS;

const columns: Column[] = [
  { name: "HTCondor", words: CONDOR, usual: [] },
  { name: TRANSFER, words: [...CONDOR, "--mode", "transfer"], usual: [] },
  { name: "HTCondor, sh wrapper", words: [...CONDOR, "--wrapper", "sh"], usual: ["damage"] },
  {
    name: "HTCondor, pilots",
    words: [...CONDOR, "--pilots", "2"],
    usual: ["retry", "run again"],
  },
  { name: "HTCondor, 2 starts", words: CONDOR, starts: 2, usual: ["split"] },
  { name: TRANSFER_STARTS, words: [...CONDOR, "--mode", "transfer"], starts: 2, usual: ["retry"] },
  { name: "HTCondor, pilots, 2 starts", words: [...CONDOR, "--pilots", "2"], starts: 2, usual: ["run again"] },
];

/**
 * A real HTCondor of two nodes of two cores, which see one folder of the submit side and not the other: runs with
 * transfer and their programs lie in that one.
 */
async function condorSite(): Promise<TestSite> {
  const pool = await bringUpCondor({ slots: 2, nodes: 2, hidden: true });
  // By this name HTCondor decides whether a job that transfers nothing may run on a machine.
  for (const node of ["e1", "e2"]) await pool.configure(node, "FILESYSTEM_DOMAIN = nsfarm.test");
  const hidden = join(pool.site, "programs");
  const open = join(pool.open, "programs");
  useCopies(open);
  return {
    prefix: (column) => join(isHidden(column) ? pool.site : pool.open, "run "),
    farm: async (folder, column, whose) => {
      usePrograms(isHidden(column) ? hidden : open);
      const user = whose === "mine" ? USER : OTHER_USER;
      await giveAway(folder, user);
      const env = { ...pool.env, ...homeOf(user) };
      return {
        ...userFarm("htcondor", folder, env, (...argv) => asNamed(user, ...argv)),
        words: column.words,
        fit: (behaviour) => openFit({ folder, pool }, behaviour, user),
      };
    },
    queued: async () => (await queued(pool)).split("\n").filter(Boolean),
    clear: () => emptyQueue(pool),
    close: pool.down,
  };
}

export const ON_CONDOR: Columns = { of: "HTCondor", columns, open: condorSite, isCluster: true };
