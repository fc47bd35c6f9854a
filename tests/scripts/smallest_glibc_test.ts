import assert from "node:assert/strict";
import { smallestGlibc } from "../../scripts/building/elf.ts";

async function glibcOf(bytes: Uint8Array): Promise<string | undefined> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, bytes);
    return await smallestGlibc(path);
  } finally {
    await Deno.remove(path);
  }
}

/** A program of nothing but a header and a table of names. */
function tinyProgram(names: string[]): Uint8Array {
  const header = new Uint8Array(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header[18] = 62;
  return new Uint8Array([...header, ...new TextEncoder().encode(`\0${names.join("\0")}\0`)]);
}

Deno.test("smallestGlibc() compares versions as numbers, not as texts", async () => {
  assert.equal(await glibcOf(tinyProgram(["GLIBC_2.9", "GLIBC_2.27", "GLIBC_2.2.5"])), "2.27");
});

Deno.test("smallestGlibc() ignores versions of other libraries and private ones", async () => {
  assert.equal(await glibcOf(tinyProgram(["GCC_3.0", "GLIBC_2.17", "GLIBC_PRIVATE", "GLIBCXX_3.4.30"])), "2.17");
});

Deno.test("smallestGlibc() of a program that needs no library is undefined", async () => {
  assert.equal(await glibcOf(tinyProgram([])), undefined);
});

Deno.test("smallestGlibc() refuses a file that is no program, and names it", async () => {
  await assert.rejects(glibcOf(new TextEncoder().encode("#!/bin/sh\n")), /it is not a 64-bit Linux program/);
});

function testGlibcOf(name: string, path: string | undefined, wanted: string): void {
  Deno.test({
    name: `${name} runs with glibc ${wanted}${path ? "" : " (needs ./dev test)"}`,
    ignore: !path,
    fn: async () => assert.equal(await smallestGlibc(path ?? ""), wanted),
  });
}

testGlibcOf("nsfarm-deno", Deno.env.get("NSFARM_TEST_BINARY"), "2.27");
// A nextstat of the developer's own may need any other.
if (!Deno.env.get("NSFARM_NEXTSTAT")) testGlibcOf("nextstat", Deno.env.get("NSFARM_TEST_NEXTSTAT"), "2.16");
