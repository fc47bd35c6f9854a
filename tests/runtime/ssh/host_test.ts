import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { readHostFacts } from "../../../core/ssh/host_facts.ts";
import { beginAttempt, listAttempts } from "../../../runtime/shard/attempts.ts";
import { hasFolder, noteFolder } from "../../../runtime/ssh/stage.ts";
import { type PoolCalls, SshHost } from "../../../runtime/ssh/host.ts";
import type { HostLink } from "../../../runtime/ssh/link.ts";
import { planOf, sampleAttempt, sampleManifest } from "../../fixtures/run.ts";
import { inFolder, until } from "../../support/scratch.ts";
import { contextOf } from "../support/context.ts";
import { inFastTime } from "../support/fast_time.ts";

/** The only host of a run, whole unless told otherwise. */
function hostOf(dir: string, connect: PoolCalls["connect"], isWhole = true, drain = false): SshHost {
  const rules = { time_limit_s: null, drain, stop: new AbortController().signal };
  return new SshHost("w1", contextOf(dir, sampleManifest()), [], { host_retry_s: 1, host_lost_s: 1, ...rules }, {
    connect,
    shapeOf: () => ({ slots: 1, threads: 1 }),
    note: () => {},
    giveUpIfHopeless: () => false,
    isLeavingNothing: () => isWhole,
  });
}

/** A connection that lasts until it is closed; what is sent on it is kept, and `hear` gets what takes the host's lines. */
function linkOf(sent: string[], onListen: (take: (line: string) => void) => void = () => {}): HostLink {
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  return {
    facts: readHostFacts([]),
    clock: { clock_offset_s: 0, round_trip_s: 0 },
    mode: "transfer",
    folder: "/w1",
    send: (line) => sent.push(line),
    listen: (take) => {
      onListen(take);
      return ended;
    },
    session: () => assert.fail("nothing is sent there"),
    close: () => {
      end("closed");
      return Promise.resolve(true);
    },
  };
}

Deno.test("a host that connects only when the run is whole keeps no folder, and does not delay the loop", async () => {
  const { promise: connection, resolve: connect } = Promise.withResolvers<HostLink>();
  const host = hostOf("/nowhere", () => connection);
  const over = new AbortController();
  const opened = host.slots(over.signal, () => {});
  over.abort();
  assert.deepEqual(await opened, []);
  const closed = host.close();
  const sent: string[] = [];
  connect(linkOf(sent));
  await closed;
  assert.deepEqual(sent, ["tidy"]);
});

Deno.test("the folder of a whole run stays on no host: a host without a connection at the end gets one for that", () =>
  inFolder(async (folder) => {
    noteFolder(folder, "w1");
    const sent: string[] = [];
    const host = hostOf(folder, () => Promise.resolve(linkOf(sent)));
    const over = new AbortController();
    over.abort();
    await host.slots(over.signal, () => {});
    await host.close();
    assert.deepEqual(sent, ["tidy"]);
    assert(!hasFolder(folder, "w1"));
  }));

Deno.test("a host that is still connecting shortly after the end of the loop no longer delays it", async () => {
  const connect: PoolCalls["connect"] = (cut) =>
    new Promise((_, reject) => cut.addEventListener("abort", () => reject(new Error("it was cut"))));
  const host = hostOf("/nowhere", connect);
  const over = new AbortController();
  const opened = host.slots(over.signal, () => {});
  over.abort();
  await opened;
  await inFastTime(() => host.close());
});

interface Ending {
  kind: string | undefined;
  cause: string | undefined;
  sent: string[];
  attempts: number;
}

/** How an attempt of an earlier driver ends by what its host says of it: all that is sent to the host, and what stays here. */
async function endedBy(word: string, drain = false): Promise<Ending> {
  const sent: string[] = [];
  let send: (line: string) => void = () => {};
  const link = linkOf(sent, (take) => send = take);
  const manifest = sampleManifest();
  const plan = planOf(manifest, 1);
  const attempt = sampleAttempt(manifest, plan, { remote: { host: "w1", clock_offset_s: null } });
  let ending: Omit<Ending, "sent"> = { kind: undefined, cause: undefined, attempts: 0 };
  await inFolder(async (folder) => {
    const dir = join(folder, "r");
    await mkdir(dir);
    assert(beginAttempt(dir, attempt));
    const over = new AbortController();
    const host = hostOf(dir, () => Promise.resolve(link), false, drain);
    await host.slots(over.signal, () => {});
    const ended = host.rejoin(plan, attempt)?.finish();
    await until("the host is asked", () => sent.length > 0);
    send(`${word} ${attempt.attempt_token}`);
    const end = await ended;
    const cause = end?.kind === "failed" ? end.record.cause : undefined;
    ending = { kind: end?.kind, cause, attempts: listAttempts(dir).size };
    over.abort();
    await host.close();
  });
  return { ...ending, sent: sent.map((line) => line.split(" ")[0] ?? "") };
}

Deno.test("the name of an attempt that never started stays on its host, so that a delayed start finds it used", async () => {
  assert.deepEqual(await endedBy("absent"), { kind: "taken", cause: undefined, sent: ["find"], attempts: 0 });
});

Deno.test("files of an attempt that died on its host are dropped there", async () => {
  assert.deepEqual(await endedBy("dead"), { kind: "failed", cause: "signal", sent: ["find", "drop"], attempts: 1 });
});

Deno.test("an attempt that this loop stopped, and that left no end because it had to be killed, counts as stopped", async () => {
  const { cause, sent } = await endedBy("dead", true);
  assert.equal(cause, "terminated");
  assert(sent.includes("stop"));
});
