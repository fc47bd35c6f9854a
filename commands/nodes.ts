import { FarmError } from "../core/errors.ts";
import { plural } from "../core/format.ts";
import { describeNodes, knownNodes } from "../core/node_journal.ts";
import { clearNodes, journalFault, journalFolder, readJournal } from "../runtime/run/node_journal.ts";
import { defineCommand, defineFlags, type Output } from "./flags.ts";

const nodesFlags = defineFlags({
  clear: { type: "string", bare: true, placeholder: "node", help: "forget the faults of this node, or of all" },
});

export default defineCommand({
  needs: ["read", "write", "env", "sys"],
  flags: nodesFlags,
  run: ({ flags: { clear }, out }) => {
    const folder = journalFolder();
    if (clear !== undefined) clearThem(folder, clear === true ? null : clear, out);
    const now_ms = Date.now();
    const { faults, damaged } = readJournal(folder, now_ms);
    const known = knownNodes(faults, now_ms);
    const fault = journalFault(folder);
    if (fault === null) out.print(describeNodes(known, now_ms));
    else out.print(`Faults of nodes are not recorded: ${fault}`);
    if (damaged > 0) out.note(`${plural(damaged, "line")} of "${folder}" could not be read`);
    out.document({ journal: folder ?? null, fault, damaged_lines: damaged, nodes: known });
  },
});

function clearThem(folder: string | undefined, node: string | null, out: Output): void {
  const { faults } = readJournal(folder, Date.now());
  const some = faults.filter((one) => node === null || one.node === node);
  if (node !== null && some.length === 0) {
    throw new FarmError(
      "usage",
      `Cannot clear the node "${node}": no fault of it is on record`,
      "List: nsfarm-deno nodes",
    );
  }
  const why = folder === undefined || some.length === 0 ? null : clearNodes(folder, node);
  if (why !== null) throw new FarmError("input", `Cannot clear the record of nodes: ${why}`);
  out.note(`cleared ${plural(some.length, "fault")}`);
}
