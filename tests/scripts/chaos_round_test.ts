import assert from "node:assert/strict";
import { join } from "node:path";
import { Later } from "../chaos/parts.ts";
import { type ChaosFarm, chaosRound, NotWhole } from "../chaos/round.ts";
import type { Ran, Started } from "../support/farm.ts";

/** A command that ends only when it is killed. */
function hanging(): Started {
  const { promise: ended, resolve } = Promise.withResolvers<Ran>();
  const kill = (signal: Deno.Signal) => {
    if (signal === "SIGKILL") resolve({ code: 137, signal, stdout: "", stderr: "it waits" });
  };
  return { pid: 0, kill, ended };
}

const ran = (code: number): Started => ({
  pid: 0,
  kill: () => {},
  ended: Promise.resolve({ code, signal: null, stdout: "", stderr: "" }),
});

function farmOf(start: () => Started): ChaosFarm {
  return {
    ...{ folder: join("/nowhere", "chaos"), command: ["run"], max_command_s: 0.05, span_ms: 10, start },
    ...{ faults: {}, later: new Later(), fits: () => Promise.resolve([]), assertResult: () => Promise.resolve() },
    killAll: () => Promise.resolve(),
    heal: () => Promise.resolve(),
    leftovers: () => Promise.resolve([]),
  };
}

const wants = (words: RegExp) => (error: unknown) => error instanceof NotWhole && words.test(error.message);

Deno.test("a round fails when a command hangs, though it ends once it is killed", async () => {
  await assert.rejects(chaosRound(12, farmOf(hanging)), wants(/a command hangs for 0.05 s:\nit waits/));
});

Deno.test("a round fails when the run is not whole after twelve commands", async () => {
  await assert.rejects(chaosRound(12, farmOf(() => ran(5))), wants(/not whole after 12 commands/));
});
