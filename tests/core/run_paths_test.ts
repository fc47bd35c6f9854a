import fc from "fast-check";
import assert from "node:assert/strict";
import {
  attemptName,
  commitName,
  metricsName,
  outName,
  readAttemptName,
  readShardName,
  readTemporaryName,
  stderrName,
  temporaryName,
} from "../../core/run_paths.ts";

Deno.test("names of a shard's files are read back", () => {
  fc.assert(fc.property(fc.nat(9_999_999), fc.integer({ min: 1, max: 99_999 }), (shard, attempt) => {
    assert.deepEqual(readShardName(outName(shard)), { shard, kind: "out.json" });
    assert.deepEqual(readShardName(metricsName(shard)), { shard, kind: "metrics.json" });
    assert.deepEqual(readShardName(commitName(shard)), { shard, kind: "commit" });
    assert.deepEqual(readShardName(stderrName(shard)), { shard, kind: "stderr" });
    assert.deepEqual(readAttemptName(attemptName(shard, attempt)), { shard, attempt });
  }));
});

Deno.test("padded, signed, hexadecimal and longer names are no shard's", () => {
  for (
    const name of [
      "shard_01.out.json",
      "shard_-1.out.json",
      "shard_1e3.out.json",
      "shard_.out.json",
      "shard_1.out.json~",
      "shard_1.out.json.tmp",
      "Shard_1.out.json",
      "xshard_1.out.json",
      "shard_1.out.json\n",
      "shard_99999999.out.json",
      "shard_1.exe",
    ]
  ) assert.equal(readShardName(name), undefined, name);
  for (const name of ["shard_1.0.json", "shard_1.01.json", "shard_1.json", "shard_1.2.json.tmp"]) {
    assert.equal(readAttemptName(name), undefined, name);
  }
});

Deno.test("a temporary name is hidden, is no final name, and identifies its owner", () => {
  const owner = fc.record({
    boot_id: fc.uuid(),
    pid: fc.integer({ min: 1, max: 4_194_304 }),
    start_ticks: fc.nat().map(String),
  });
  const name = fc.constantFrom("shard_3.out.json", "manifest.json", "a.b-c.1");
  fc.assert(fc.property(name, owner, fc.stringMatching(/^[0-9a-z]{1,12}$/), (name, owner, unique) => {
    const temporary = temporaryName(name, owner, unique);
    assert.ok(temporary.startsWith("."));
    assert.equal(readShardName(temporary), undefined);
    const { pid, start_ticks } = owner;
    assert.deepEqual(readTemporaryName(temporary), { of: name, boot: owner.boot_id.slice(0, 8), pid, start_ticks });
  }));
});

Deno.test("temporary names of processes in different PID namespaces of one machine differ in their owners", () => {
  const boot = "cafe0123-89ab-4cde-8f01-23456789abcd";
  const bootOf = (boot_id: string) =>
    readTemporaryName(temporaryName("x", { boot_id, pid: 7, start_ticks: "70" }, "a"))?.boot;
  const boots = [boot, `${boot}/4026532178`, `${boot}/4026532179`].map(bootOf);
  assert.equal(new Set(boots).size, 3);
  assert(boots.every((one) => one !== undefined), boots.join());
});

Deno.test("a temporary name is short enough for any final name that is", () => {
  const owner = { boot_id: "01234567-89ab", pid: 4_194_304, start_ticks: "99999999999" };
  for (const name of ["n".repeat(255), "é".repeat(127), "𝜇".repeat(63)]) {
    const temporary = temporaryName(name, owner, "0123456789ab");
    assert.ok(new TextEncoder().encode(temporary).length <= 143, temporary);
    const found = readTemporaryName(temporary);
    assert.ok(found && name.startsWith(found.of) && found.of.length > 20, temporary);
  }
});

Deno.test("a name of another form has no known owner", () => {
  for (const name of [".manifest.json.tmp", "manifest.json", ".x.01234567-0-1-a.tmp", ".x.0123456-1-1-a.tmp"]) {
    assert.equal(readTemporaryName(name), undefined, name);
  }
});
