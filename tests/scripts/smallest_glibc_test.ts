import assert from "node:assert/strict";
import { smallestGlibc } from "../../scripts/building/smallest_glibc.ts";

async function glibcOf(bytes: Uint8Array): Promise<string | undefined> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, bytes);
    return await smallestGlibc(path);
  } finally {
    await Deno.remove(path);
  }
}

/** A program of nothing but a header, a table of names, and a list of one library with the versions named. */
function tinyProgram(versions: string[]): Uint8Array {
  const names = new TextEncoder().encode(`\0${versions.join("\0")}\0`);
  const [namesAt, needsAt] = [64, 1024];
  const sectionsAt = 2048;
  const view = new DataView(new ArrayBuffer(4096));
  [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1].forEach((byte, i) => view.setUint8(i, byte));
  view.setUint16(18, 62, true);
  view.setBigUint64(0x28, BigInt(sectionsAt), true);
  view.setUint16(0x3a, 64, true);
  view.setUint16(0x3c, 3, true);
  new Uint8Array(view.buffer).set(names, namesAt);
  setSection(view, sectionsAt + 64, { type: 3, start: namesAt, link: 0, count: 0 });
  setSection(view, sectionsAt + 128, { type: 0x6ffffffe, start: needsAt, link: 1, count: 1 });
  setNeeds(view, needsAt, versions);
  return new Uint8Array(view.buffer);
}

function setSection(view: DataView, at: number, section: { type: number; start: number; link: number; count: number }) {
  view.setUint32(at + 4, section.type, true);
  view.setBigUint64(at + 0x18, BigInt(section.start), true);
  view.setUint32(at + 0x28, section.link, true);
  view.setUint32(at + 0x2c, section.count, true);
}

function setNeeds(view: DataView, at: number, versions: string[]) {
  view.setUint16(at + 2, versions.length, true);
  view.setUint32(at + 8, 16, true);
  let name = 1;
  versions.forEach((version, i) => {
    view.setUint32(at + 16 + i * 16 + 8, name, true);
    view.setUint32(at + 16 + i * 16 + 12, 16, true);
    name += version.length + 1;
  });
}

Deno.test("smallestGlibc() compares versions as numbers, not as texts", async () => {
  assert.equal(await glibcOf(tinyProgram(["GLIBC_2.9", "GLIBC_2.27", "GLIBC_2.2.5"])), "2.27");
});

Deno.test("smallestGlibc() passes over versions of other libraries and private ones", async () => {
  assert.equal(await glibcOf(tinyProgram(["GCC_3.0", "GLIBC_2.17", "GLIBC_PRIVATE", "GLIBCXX_3.4.30"])), "2.17");
});

Deno.test("smallestGlibc() of a program that needs no library is undefined", async () => {
  assert.equal(await glibcOf(tinyProgram([])), undefined);
});

Deno.test("smallestGlibc() refuses what is not a program, and names it", async () => {
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
