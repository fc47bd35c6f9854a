import assert from "node:assert/strict";
import { isTarName, readTarHeader, tarHeader } from "../../core/tar.ts";

/** Returns what tar lists of an archive with this header and no content. */
async function listed(header: Uint8Array<ArrayBuffer>): Promise<string> {
  const child = new Deno.Command("tar", { args: ["-tf", "-"], stdin: "piped", stdout: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new Uint8Array([...header, ...new Uint8Array(1024)]));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout).trimEnd();
}

const LONG = `${"folder/".repeat(20)}${"n".repeat(90)}`;

Deno.test("a name of more than 100 bytes is read by tar, and by us, with its folders in the field before it", async () => {
  for (const name of ["run/a.json", `run/${"x".repeat(96)}`, LONG]) {
    const header = tarHeader({ name, bytes: 0, mtime_s: 5 });
    assert.deepEqual(readTarHeader(header), { name, bytes: 0, mtime_s: 5 });
    assert.equal(await listed(header), name);
  }
});

Deno.test("a name that fits into no header is refused, and known beforehand", () => {
  assert.equal(isTarName(LONG), true);
  for (const name of ["n".repeat(101), `${"folder/".repeat(40)}n`]) {
    assert.equal(isTarName(name), false);
    assert.throws(() => tarHeader({ name, bytes: 0, mtime_s: 0 }), /does not fit into a tar header/);
  }
});
