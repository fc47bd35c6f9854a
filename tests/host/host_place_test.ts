import assert from "node:assert/strict";
import { readHostFacts } from "../../core/ssh/host_facts.ts";
import type { CrewTalk } from "../../host/ssh/crew_talk.ts";
import { HostPlace } from "../../host/ssh/host_place.ts";
import type { HostLink } from "../../host/ssh/link.ts";
import { sampleManifest } from "../core/support/sample_run.ts";
import { benchOf } from "./support/bench.ts";
import { inFastTime } from "./support/fast_time.ts";

const HOST = { name: "w1", user: null, port: null, weight: 1, threads: null, line: 1 };

/** The hosts of a whole run, of which one is being connected to. */
function crewOf(connect: CrewTalk["connect"]): CrewTalk {
  return {
    ...{ size: 1, reached: false, done: 0, isStatic: false, retry_s: 1, lost_ms: 1000, isStopping: false },
    isLeavingNothing: () => true,
    isDone: () => true,
    say: () => {},
    connect,
    shapeOf: () => ({ slots: 1, threads: 1 }),
    hasExpectedPlace: () => false,
    missed: () => {},
    giveUpIfHopeless: () => false,
    watchTime: () => () => {},
    stopShard: () => {},
  };
}

/** A connection that lasts until it is closed; what is sent on it is kept. */
function linkOf(sent: string[]): HostLink {
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  return {
    facts: readHostFacts([]),
    clock: { clock_offset_s: 0, round_trip_s: 0 },
    place: "transfer",
    folder: "/w1",
    send: (line) => sent.push(line),
    listen: () => ended,
    session: () => assert.fail("nothing is sent there"),
    close: () => Promise.resolve(end("closed")),
  };
}

Deno.test("a host whose connection is made only when the run is whole already is left empty, and keeps no loop", async () => {
  const { promise: connection, resolve: connect } = Promise.withResolvers<HostLink>();
  const place = new HostPlace(benchOf("/nowhere", sampleManifest()), HOST, crewOf(() => connection));
  const over = new AbortController();
  const opened = place.open(over.signal, () => {});
  over.abort();
  assert.deepEqual(await opened, []);
  const closed = place.close();
  const sent: string[] = [];
  connect(linkOf(sent));
  await closed;
  assert.deepEqual(sent, ["tidy"]);
});

Deno.test("a host that is still being connected to a moment after the loop is over keeps it no longer", async () => {
  const connect: CrewTalk["connect"] = (_, cut) =>
    new Promise((_, reject) => cut.addEventListener("abort", () => reject(new Error("it was cut"))));
  const place = new HostPlace(benchOf("/nowhere", sampleManifest()), HOST, crewOf(connect));
  const over = new AbortController();
  const opened = place.open(over.signal, () => {});
  over.abort();
  await opened;
  await inFastTime(() => place.close());
});
