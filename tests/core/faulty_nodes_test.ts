import assert from "node:assert/strict";
import { faultsToRecord, faultyNodes, type ShardOnNode, withNodeFaults } from "../../core/faulty_nodes.ts";
import type { Cause, ShardState } from "../../core/schema/enums.ts";

const AT = "2026-11-25T10:00:00.000Z";

/** Returns shards 0, 1, … that ended in this way on these nodes. */
const shards = (...ends: [string | null, ShardState, Cause?][]): ShardOnNode[] =>
  ends.map(([node, state, cause = state === "failed" ? "exit" : null], shard) => (
    { shard, node, state, cause, why: "", fault: null, at_utc: AT, earlier: [] }
  ));

const namesOf = (some: ShardOnNode[]) => faultyNodes(some).map(({ node, cause }) => `${node} ${cause}`);

Deno.test("a node that failed two shards and finished none, while another one finished some, is suspect", () => {
  const ends = shards(["e1", "done"], ["e1", "failed"], ["e2", "failed"], ["e2", "failed"], [null, "failed"]);
  assert.deepEqual(faultyNodes(ends), [{
    node: "e2",
    cause: "suspect",
    what: "all 2 shards there failed",
    at_utc: AT,
  }]);
});

Deno.test("no node is suspect after one failure, after one success, or if every node fails", () => {
  assert.deepEqual(namesOf(shards(["e1", "done"], ["e2", "failed"])), []);
  assert.deepEqual(namesOf(shards(["e1", "done"], ["e2", "failed"], ["e2", "failed"], ["e2", "done"])), []);
  assert.deepEqual(namesOf(shards(["e1", "failed"], ["e1", "failed"], ["e2", "failed"])), []);
});

Deno.test("attempts before count too, but a shard that fails twice on a node counts once", () => {
  const earlier = [{ node: "e2", cause: "exit" as const, at_utc: AT }];
  const moved = { ...shards(["e1", "done"])[0]!, shard: 7, earlier };
  assert.deepEqual(namesOf([moved, ...shards(["e2", "failed"])]), ["e2 suspect"]);
  const [done, failed] = shards(["e1", "done"], ["e2", "failed"]);
  assert.deepEqual(namesOf([done!, { ...failed!, earlier: [...earlier, ...earlier] }]), []);
});

Deno.test("the only node on which nextstat could not be started is at fault; where there are several, nextstat is", () => {
  const [done, n1, n3] = shards(["n2", "done"], ["n1", "failed", "spawn"], ["n3", "failed", "spawn"]);
  const fault = { node: "n1", cause: "spawn" as const, what: "nextstat could not be started there", at_utc: AT };
  assert.deepEqual(faultyNodes([done!, n1!]), [fault]);
  assert.deepEqual(namesOf([done!, n1!, { ...n1!, shard: 5 }]), ["n1 spawn"]);
  assert.deepEqual(namesOf([n1!]), ["n1 spawn"], "it takes all jobs before another node can finish one");
  assert.deepEqual(namesOf([{ ...done!, node: "n1" }, n1!]), ["n1 spawn"], "also where it could be started once");
  assert.deepEqual(namesOf([done!, n1!, n3!]), []);
  assert.deepEqual(namesOf([done!, n1!, { ...n1!, shard: 5 }, n3!]), [], "not suspect either");
});

Deno.test("that nextstat could not be started is recorded of a node only where a shard of the run is done", () => {
  const nodes = faultyNodes(shards(["n1", "failed", "spawn"]));
  assert.deepEqual([faultsToRecord(nodes, true), faultsToRecord(nodes, false)], [nodes, []]);
  const suspects = faultyNodes(shards(["n2", "done"], ["n1", "failed"], ["n1", "failed"]));
  assert.deepEqual(faultsToRecord(suspects, false), suspects);
});

Deno.test("a node that its scheduler blames is at fault once, in the scheduler's words, whatever other nodes did", () => {
  const down = shards(["n1", "failed"], ["n1", "failed"]).map((one) => ({
    ...one,
    why: "its node went down",
    fault: "node" as const,
  }));
  const blamed = { node: "n1", cause: "blamed" as const, what: "its node went down", at_utc: AT };
  assert.deepEqual(faultyNodes(down), [blamed]);
  assert.deepEqual(faultyNodes([...down, { ...shards(["n2", "done"])[0]!, shard: 5 }]), [blamed], "not suspect too");
  assert.deepEqual(faultyNodes(down.map((one) => ({ ...one, fault: "memory" as const }))), []);
});

Deno.test("the shards that failed on a faulty node have its fault, except those whose cause is known", () => {
  const some = shards(["n2", "done"], ["n1", "failed"], ["n1", "failed", "disk"], ["n2", "failed"]);
  assert.deepEqual(withNodeFaults(some).map(({ fault }) => fault), [null, "node", null, null]);
});
