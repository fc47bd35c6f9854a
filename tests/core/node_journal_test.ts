import assert from "node:assert/strict";
import fc from "fast-check";
import { describeNodes, describeRecent, faultLine, knownNodes, readFaults } from "../../core/node_journal.ts";
import type { NodeFault } from "../../core/schema/node_fault.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.parse("2026-11-26T12:00:00.000Z");
const ago = (days: number) => new Date(NOW_MS - days * DAY_MS).toISOString();

function fault(node: string, run: string, days = 1, change: Partial<NodeFault> = {}): NodeFault {
  const of = { scheduler: "slurm", cause: "suspect" as const, what: "all 3 shards there failed" };
  const where = { run_id: run, run_token: `token of ${run}`, run_dir: `/runs/${run}` };
  return { node, ...of, ...where, at_utc: ago(days), noted_at_utc: ago(days), ...change };
}

const nodesOf = (lines: string[]) => knownNodes(readFaults(lines, NOW_MS).faults, NOW_MS);
const clear = (cleared: string | null, days: number) => JSON.stringify({ cleared, noted_at_utc: ago(days) });

Deno.test("a fault counts once for a run, node and cause, and for 30 days", () => {
  const lines = [fault("n1", "a"), fault("n1", "a", 0), fault("n1", "b", 29), fault("n1", "c", 31)].map(faultLine);
  const [n1] = nodesOf(lines);
  assert.deepEqual([n1?.runs, n1?.faults.map(({ run_id }) => run_id)], [2, ["b", "a"]]);
  assert.equal(
    readFaults(lines, NOW_MS).known.size,
    3,
    "what no longer counts is known, so that it is not recorded again",
  );
});

Deno.test("a node is recent that failed in two runs within a week, not twice in one run or long ago", () => {
  const isRecent = (...faults: NodeFault[]) => nodesOf(faults.map(faultLine)).map(({ is_recent }) => is_recent);
  assert.deepEqual(isRecent(fault("n1", "a", 1), fault("n1", "b", 6)), [true]);
  assert.deepEqual(isRecent(fault("n1", "a", 1), fault("n1", "b", 8)), [false]);
  assert.deepEqual(isRecent(fault("n1", "a", 1), fault("n1", "a", 1, { cause: "spawn" })), [false]);
  assert.deepEqual(isRecent(fault("n1", "a", 1), fault("n1", "b", 1, { scheduler: "ssh" })), [false, false]);
});

Deno.test("cleared faults of one node or of all no longer count, later ones do", () => {
  const lines = [fault("n1", "a", 3), fault("n2", "a", 3), fault("n1", "b", 1)].map(faultLine);
  const left = (...more: string[]) =>
    readFaults([...more, ...lines], NOW_MS).faults.map(({ node, run_id }) => `${node} ${run_id}`);
  assert.deepEqual(left(clear("n1", 2)), ["n2 a", "n1 b"]);
  assert.deepEqual(left(clear(null, 2)), ["n1 b"]);
  assert.deepEqual(left(clear("n1", 0)), ["n2 a"]);
});

Deno.test("a damaged line costs that line only", () => {
  const whole = Array.from({ length: 6 }, (_, i) => faultLine(fault(`n${i}`, "a")));
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(5), fc.string({ maxLength: 40 }), fc.nat(300))), (damage) => {
    const torn = damage.map(([i, noise, at]) => (whole[i] ?? "").slice(0, at) + noise);
    const lines = damage.flatMap((_, k) => [torn[k] ?? "", whole[k % 6] ?? ""]).concat(whole);
    const { faults } = readFaults(lines.flatMap((line) => line.split("\n")), NOW_MS);
    for (let i = 0; i < 6; i++) assert.ok(faults.some(({ node }) => node === `n${i}`));
  }));
  assert.equal(readFaults(["{", "{}", "", "7", ...whole], NOW_MS).damaged, 3);
});

Deno.test("a line of the journal is shorter than 4 KiB, whatever is in it", () => {
  const long = "ü\u0001".repeat(5000);
  const line = faultLine(fault("n", "a", 0, { what: long, run_dir: `/${long}`, node: "ü".repeat(5000) }));
  assert.ok(new TextEncoder().encode(line).length < 4096, `${new TextEncoder().encode(line).length}`);
  assert.equal(readFaults([line], NOW_MS).faults.length, 1);
});

Deno.test("nodes are listed with what happened, when and in which run, the last one first", () => {
  const lines = [fault("n1", "a", 5), fault("n2", "a", 4), fault("n1", "b", 1, { what: "its node went down" })];
  assert.deepEqual(describeNodes(nodesOf(lines.map(faultLine)), NOW_MS).split("\n"), [
    "n1  slurm       failed in 2 runs; --avoid-nodes recent avoids it",
    "    24 h ago    b: its node went down",
    "    5 days ago  a: all 3 shards there failed",
    "n2  slurm       failed in 1 run",
    "    4 days ago  a: all 3 shards there failed",
  ]);
  assert.equal(describeNodes([], NOW_MS), "No node has failed within 30 days");
});

Deno.test("recent nodes are named with the option that avoids them", () => {
  const nodes = nodesOf([fault("n1", "a"), fault("n1", "b")].map(faultLine));
  assert.deepEqual(describeRecent(nodes, "--slurm-exclude n1", false), [
    "warning: nodes that failed in two runs within a week: n1 (all 3 shards there failed); --avoid-nodes recent avoids them (--slurm-exclude n1)",
  ]);
  assert.match(describeRecent(nodes, null, false)[0] ?? "", /; leave them out of --hosts-file$/);
  assert.match(describeRecent(nodes, null, true)[0] ?? "", /^the jobs avoid nodes that failed/);
  assert.deepEqual(describeRecent([], null, false), []);
});
