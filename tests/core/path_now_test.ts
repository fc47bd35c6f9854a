import fc from "fast-check";
import assert from "node:assert/strict";
import { pathNow } from "../../core/run_paths.ts";

const CASES: { name: string; written: string; before: string[]; now: string; path: string | null }[] = [
  {
    name: "of a copied folder is in the copy",
    written: "/a/r/s.json",
    before: ["/a/r"],
    now: "/b/r",
    path: "/b/r/s.json",
  },
  { name: "keeps its folders", written: "/a/r/shards/w/out", before: ["/a/r"], now: "/b", path: "/b/shards/w/out" },
  {
    name: "of a folder that did not move is as written",
    written: "/a/r/s",
    before: ["/a/r"],
    now: "/a/r",
    path: "/a/r/s",
  },
  {
    name: "of a copy inside its original is in the copy",
    written: "/a/r/s",
    before: ["/a/r"],
    now: "/a/r/c",
    path: "/a/r/c/s",
  },
  { name: "written in that copy stays there", written: "/a/r/c/s", before: ["/a/r"], now: "/a/r/c", path: "/a/r/c/s" },
  { name: "of a folder that moved up moved up", written: "/a/r/s", before: ["/a/r"], now: "/a", path: "/a/s" },
  { name: "that is relative is in the folder", written: "x/s", before: ["/a/r"], now: "/b", path: "/b/x/s" },
  { name: "outside is nowhere", written: "/etc/passwd", before: ["/a/r"], now: "/b", path: null },
  { name: "that climbs out is nowhere", written: "/a/r/../q/s", before: ["/a/r"], now: "/b", path: null },
  { name: "that is relative and climbs out is nowhere", written: "../q/s", before: ["/a/r"], now: "/b", path: null },
  { name: "beside a folder of a longer name is nowhere", written: "/a/r2/s", before: ["/a/r"], now: "/b", path: null },
  { name: "is not taken to be in the root", written: "/etc/passwd", before: ["/"], now: "/b", path: null },
];

for (const { name, written, before, now, path } of CASES) {
  Deno.test(`a path in a document ${name}`, () => assert.equal(pathNow(written, before, now), path));
}

Deno.test("a document leads only to files in its own folder, whatever it says", () => {
  const part = fc.constantFrom("a", "b", "..", ".", "r", "shard_0");
  const path = fc.array(part, { maxLength: 6 }).map((parts) => `/${parts.join("/")}`);
  fc.assert(fc.property(path, path, fc.boolean(), (written, before, isRelative) => {
    const found = pathNow(isRelative ? written.slice(1) || "." : written, [before], "/x/copy");
    assert(found === null || found === "/x/copy" || found.startsWith("/x/copy/"), `${found}`);
  }));
});
