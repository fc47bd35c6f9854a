import fc from "fast-check";
import assert from "node:assert/strict";
import { FarmError } from "../../../core/errors.ts";
import { hostKey, parseHosts } from "../../../core/ssh/hosts_file.ts";

const hostsIn = (text: string) => parseHosts(text, "hosts").hosts;

Deno.test("a line gives a host's name, user, port, weight and threads, and null for the others", () => {
  const text = [
    "# a farm",
    "",
    "  w1 weight=2.5 threads=4 user=eve port=2201  # the fast one",
    "'w2' \"weight=3\"",
    "w3 0.5",
    "bob@w4#5",
  ];
  assert.throws(() => hostsIn(text.join("\n")), /line 6: "w4#5" is not a host name/);
  assert.deepEqual(hostsIn(text.slice(0, 5).join("\n")), [
    { name: "w1", user: "eve", port: 2201, weight: 2.5, threads: 4, line: 3 },
    { name: "w2", user: null, port: null, weight: 3, threads: null, line: 4 },
    { name: "w3", user: null, port: null, weight: 0.5, threads: null, line: 5 },
  ]);
});

for (
  const [line, why] of [
    ["-oProxyCommand=touch pwn", /"-oProxyCommand=touch" is not a host name \(it begins like an option of ssh\)/],
    ["'-oProxyCommand=touch pwn'", /begins like an option/],
    ["w1 user=-oProxyCommand=x", /is not a user name \(it begins like an option/],
    ["-l@w1", /is not a/],
    ["user@h;id", /"h;id" is not a host name/],
    ["$(id)", /is not a host name/],
    ["h\r", /control character/],
    ["h…", /is not a host name/],
    ["w1 weight=0", /"weight=0"; wanted a weight above 0/],
    ["w1 weight=-1", /wanted a weight above 0/],
    ["w1 weight=1e999", /wanted a weight above 0/],
    ["w1 threads=1.5", /"threads=1.5"; wanted a whole number from 0 to 4096/],
    ["w1 port=65536", /"port=65536"; wanted a whole number from 1 to 65535/],
    ["w1 prot=22", /"prot=22"; wanted weight=, threads=, user= or port=/],
    ["w1 weight=1 2", /gives weight= twice/],
    ["w1 'weight=1", /a quote or backslash in it is not closed/],
    [`w1 ${"x".repeat(5000)}`, /has 5003 characters/],
  ] as const
) {
  Deno.test(`a hosts file with the line ${JSON.stringify(line.slice(0, 40))} is refused with its number`, () => {
    assert.throws(() => hostsIn(`w0\n# c\n${line}\nw9\n`), (error: unknown) => {
      assert(error instanceof FarmError);
      assert.equal(error.exitCode, 3);
      assert.match(error.message, /^Cannot use the hosts file "hosts": line 3: /);
      assert.match(error.message, why);
      return true;
    });
  });
}

Deno.test("user, name and port identify a host: the first of two equal hosts counts, with a warning", () => {
  const { hosts, warnings } = parseHosts("w1 weight=2\nw1 port=22\nw1 user=a\nw1 weight=9\n", "hosts");
  assert.deepEqual(hosts.map(hostKey), ["w1", "w1:22", "a@w1"]);
  assert.deepEqual(hosts.map((one) => one.weight), [2, null, null]);
  assert.deepEqual(warnings, [`hosts: line 4 names "w1" again (line 1); it counts once`]);
});

Deno.test("a hosts file without a host is refused", () => {
  assert.throws(() => hostsIn("# nobody\n\n"), /it names no host/);
});

Deno.test("any line is refused, ignored, or gives names that ssh and a shell read as names", () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string()), (line) => {
    try {
      for (const { name, user } of hostsIn(`ok\n${line}`)) {
        assert.match(name, /^[A-Za-z0-9][A-Za-z0-9._:-]*$/);
        if (user !== null) assert.match(user, /^[A-Za-z0-9_][A-Za-z0-9._-]*$/);
      }
    } catch (error) {
      assert(error instanceof FarmError, `${error}`);
    }
  }));
});
