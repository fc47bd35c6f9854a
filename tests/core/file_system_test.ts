import assert from "node:assert/strict";
import { describeFileSystem, fileSystemOf } from "../../core/file_system.ts";

Deno.test("a folder on NFS, on a cluster's file system, on a disk and in memory are told apart", () => {
  const found = (type: number | bigint) => describeFileSystem(fileSystemOf(type));
  assert.match(found(0x6969), /^NFS, shared: other machines may see a new file up to a minute late/);
  assert.match(found(0x0bd00bd0), /^Lustre, shared with each machine/);
  assert.match(found(0x47504653), /^GPFS, shared/);
  assert.match(found(0xef53), /^ext4, of this machine/);
  assert.match(found(0x01021994), /^tmpfs, in this machine's memory/);
  assert.match(found(0x65735546), /^FUSE, check that all machines see it$/);
  assert.match(found(0x1234), /^unknown file system, check/);
});

Deno.test("a type is found however wide its number is", () => {
  assert.deepEqual(fileSystemOf(0x9123683e), { name: "Btrfs", seen_by: "local" });
  assert.deepEqual(fileSystemOf(-0x6edc97c2), { name: "Btrfs", seen_by: "local" });
  assert.deepEqual(fileSystemOf(0xffffffff9123683en), { name: "Btrfs", seen_by: "local" });
});
