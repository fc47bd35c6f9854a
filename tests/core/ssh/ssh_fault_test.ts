import assert from "node:assert/strict";
import { sshFault } from "../../../core/ssh/ssh_command.ts";

// What OpenSSH 10.0p2 wrote to its stderr in each of these cases.
const SAID: [string, string, RegExp][] = [
  [
    "a changed host key",
    "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\r\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\r\nHost key for w1 has changed and you have requested strict checking.\r\nHost key verification failed.\r\n",
    /its host key has changed/,
  ],
  [
    "an unknown host key",
    "No ED25519 host key is known for w1 and you have requested strict checking.\r\nHost key verification failed.\r\n",
    /its host key is unknown: log in once by hand, or give --accept-new/,
  ],
  ["no key of ours", "farmer@127.0.0.1: Permission denied (publickey).\r\n", /^ssh login failed: no key accepted/],
  ["no sshd", "ssh: connect to host 127.0.0.1 port 2201: Connection refused\r\n", /nothing listens on its ssh port/],
  [
    "no such name",
    "ssh: Could not resolve hostname nosuch.invalid: Name or service not known\r\n",
    /its name cannot be resolved/,
  ],
  ["a silent host", "Timeout, server 127.0.0.1 not responding.\r\n", /does not answer in time/],
  [
    "a full disk, where its socket cannot be made",
    "unix_listener: cannot bind to path /tmp/c/w1.x: No space left on device\r\nControl socket connect(/tmp/c/w1): Connection refused\r\n",
    /^the disk here or there is full/,
  ],
  [
    "a full disk there",
    "sh: 3: cannot create /scratch/x: No space left on device\n",
    /^the disk here or there is full/,
  ],
  ["a socket of its own that is stale", "Control socket connect(/tmp/c/w1): Connection refused\r\n", /^Control socket/],
  ["a cut connection", "client_loop: send disconnect: Broken pipe\r\n", /the connection broke/],
];

for (const [what, stderr, words] of SAID) {
  Deno.test(`ssh's message about ${what} is explained`, () => assert.match(sshFault(stderr, "?"), words));
}

Deno.test("an unknown message of ssh is reduced to its last line, without control characters", () => {
  assert.equal(sshFault("first\nlast \u001b[2J line\n", "?"), "last \\u001b[2J line");
  assert.equal(sshFault("", "nothing was said"), "nothing was said");
});
