import assert from "node:assert/strict";
import { readHostFacts } from "../../../core/ssh/host_facts.ts";
import { parseHosts } from "../../../core/ssh/hosts_file.ts";
import { describePreflight, preflightDocument, type ProbedHost } from "../../../core/ssh/preflight.ts";
import { sshFault } from "../../../core/ssh/ssh_command.ts";

const [good, bad] = parseHosts("root@127.0.0.1 port=2201\nroot@127.0.0.1 port=2299\n", "hosts").hosts;
assert(good && bad);
const facts = readHostFacts(["host=vm", "cpus_logical=4", "cpus_physical=2", "boot_id=b"]);
const USED: ProbedHost = { host: good, facts, clock_offset_s: 0, round_trip_s: 0 };
const text = (...probed: ProbedHost[]) => describePreflight(preflightDocument("hosts", probed, "2026-11-25T00:00:00Z"));

Deno.test("unusable hosts are reported by user, name and port, like usable ones", () => {
  const reported = text(USED, { host: bad, error: "nothing listens on its ssh port" });
  assert.match(reported, /^root@127\.0\.0\.1:2201 +yes /m);
  assert.match(reported, /^root@127\.0\.0\.1:2299 +no +nothing listens on its ssh port$/m);
  assert.doesNotMatch(reported, /--ssh-key/);
});

Deno.test("if a host accepts no key, the flags for another key are named", () => {
  const reported = text(USED, { host: bad, error: sshFault("root@127.0.0.1: Permission denied (publickey).", "") });
  assert.match(reported, /2299 +no +ssh login failed: no key accepted[^]*--ssh-key FILE, .*--ssh-config FILE$/);
});

Deno.test("two names of one machine count once, two machines twice", () => {
  assert.match(text(USED), /, on 1 machine$/m);
  const other = { ...USED, host: bad, facts: readHostFacts(["host=vm2", "cpus_logical=4", "boot_id=c"]) };
  assert.match(text(USED, other), /, on 2 machines$/m);
});

Deno.test("preflight of hosts suggests shards for the usable cores, and none without any", () => {
  assert.match(text(USED), /^to begin with: --shards 40 \(20 for each physical core\)$/m);
  assert.doesNotMatch(text({ host: bad, error: "no" }), /to begin with/);
});
