import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FarmError } from "../../core/errors.ts";
import {
  adviceForWriting,
  faultWords,
  fileError,
  fileFault,
  isAbsent,
  unexpectedFileError,
} from "../../core/file_fault.ts";

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  assert.fail("nothing was thrown");
}

const withCode = (name: string, code: string) => Object.assign(new Error("x (os error 1)"), { name, code });

Deno.test("a file error has the same kind from Deno and from Node", () => {
  const folder = mkdtempSync(join(tmpdir(), "nsfarm-fault-"));
  const [loop, file] = [join(folder, "loop"), join(folder, "file")];
  Deno.symlinkSync("loop", loop);
  Deno.writeTextFileSync(file, "");
  try {
    for (
      const [path, kind] of [
        [join(folder, "none"), "absent"],
        [join(file, "x"), "no_folder"],
        [join(loop, "x"), "loop"],
        [join(folder, "n".repeat(256)), "long"],
      ] as const
    ) {
      assert.equal(fileFault(thrownBy(() => Deno.lstatSync(path))), kind);
      assert.equal(fileFault(thrownBy(() => statSync(path))), kind);
    }
    assert.equal(fileFault(thrownBy(() => Deno.openSync(folder, { write: true }))), "folder");
    assert.equal(fileFault(thrownBy(() => Deno.renameSync(file, folder))), "taken");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

Deno.test("a file is absent only if it is known not to exist, not if it could not be checked", () => {
  for (const code of ["ENOENT", "ENOTDIR"]) assert.ok(isAbsent(withCode("Error", code)));
  for (const code of ["EACCES", "EPERM", "ELOOP", "ENAMETOOLONG", "ESTALE", "EIO", "ETIMEDOUT", "EMFILE"]) {
    const error = withCode("Error", code);
    assert.ok(!isAbsent(error), code);
    assert.ok(fileFault(error), code);
  }
});

Deno.test("a path that the runtime opens to no program is a file fault, a permission that we gave up is an internal error", () => {
  const named = (text: string) => Object.assign(new Error(text), { name: "NotCapable" });
  const place = named('Requires all access to "/dev/shm/x", specify the required permissions during compilation');
  assert.equal(fileFault(place), "barred");
  assert.match(String(unexpectedFileError(place)), /Cannot use "\/dev\/shm\/x": .*\/dev, \/proc and \/sys/);
  const own = named('Requires write access to "/home/x", specify the required permissions during compilation');
  assert.equal(fileFault(own), undefined);
  assert.equal(unexpectedFileError(own), own);
});

Deno.test("an unexpected file error is reported with its path, and any other error stays as it is", () => {
  const denied = Object.assign(new Error("Permission denied (os error 13): readdir '/a/it's here'"), {
    name: "PermissionDenied",
    code: "EACCES",
  });
  const reported = unexpectedFileError(denied);
  assert.ok(reported instanceof FarmError && reported.exitCode === 3);
  assert.match(reported.message, /^Cannot readdir "\/a\/it's here": permission is denied$/);
  const open_file = unexpectedFileError(new Error("Input/output error (os error 5)"));
  assert.match(String(open_file), /Cannot use a file: the disk or its file server reports an error \(error 5\)$/);
  for (const error of [new TypeError("x is undefined"), new Error("nothing"), "text", undefined]) {
    assert.equal(unexpectedFileError(error), error);
    assert.equal(fileError("read", "/a", error), error);
  }
});

Deno.test("an error of the disk keeps its number, and a very long path is shortened", () => {
  const error = Object.assign(new Error("Remote I/O error (os error 121): read '/a'"), { code: "EREMOTEIO" });
  assert.match(faultWords(error) ?? "", /reports an error \(error 121\)$/);
  const reported = String(fileError("read", `/a/${"x/".repeat(2500)}end`, withCode("Error", "ENAMETOOLONG")));
  assert.ok(reported.length < 300, reported);
  assert.match(reported, /^FarmError: Cannot read "\/a\/x\/.* … .*\/end": the name is too long$/);
});

Deno.test("missing permission gets no advice about space, a full disk does", () => {
  assert.match(adviceForWriting("denied"), /^Ask its owner to let you write there, or choose another place/);
  for (const fault of ["full", "quota"] as const) assert.match(adviceForWriting(fault), /^Free some space/);
  for (const fault of ["denied", "read_only", "no_folder", "folder", "taken", "long", "loop", "io", "stale"] as const) {
    assert.doesNotMatch(adviceForWriting(fault), /space/, fault);
  }
});
