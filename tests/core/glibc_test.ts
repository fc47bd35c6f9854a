import assert from "node:assert/strict";
import { NEEDED_GLIBC, oldGlibc, readGlibc } from "../../core/glibc.ts";

Deno.test("the glibc is read from getconf's answer, and from the first line of ldd --version", () => {
  const printed: [string | null, string | null][] = [
    ["glibc 2.41", "2.41"],
    ["glibc 2.17\n", "2.17"],
    ["ldd (GNU libc) 2.17", "2.17"],
    ["ldd (Debian GLIBC 2.41-12+deb13u3) 2.41", "2.41"],
    ["ldd (Ubuntu GLIBC 2.35-0ubuntu3.8) 2.35", "2.35"],
    ["musl libc (x86_64)", null],
    ["", null],
    [null, null],
  ];
  for (const [text, version] of printed) assert.equal(readGlibc(text), version, `${text}`);
});

Deno.test("hosts with an older glibc than the program needs are named, each once, compared as numbers", () => {
  assert.equal(NEEDED_GLIBC, "2.27");
  assert.deepEqual(oldGlibc([["a", "2.27"], ["b", "2.100"], ["c", null], ["d", "3.0"]]), []);
  assert.deepEqual(oldGlibc([["old7", "2.17"], ["new", "2.41"], ["old7", "2.17"], ["older", "2.9"]]), [
    "glibc older than 2.27: old7 2.17, older 2.9; the sh wrapper runs the shards there",
  ]);
  assert.match(oldGlibc(["a", "b", "c", "d", "e"].map((name) => [name, "2.5"] as const))[0] ?? "", /d 2\.5 …; /);
});
