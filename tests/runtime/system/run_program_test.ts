import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startTicks } from "../../../runtime/system/proc.ts";
import { endingPrograms, runProgram } from "../../../runtime/system/process.ts";
import { inFolder, processesOf, until } from "../../support/scratch.ts";

const run = (argv: string[], more: { stdin?: string; cwd?: string; timeout_s?: number } = {}) =>
  runProgram({ argv, timeout_s: 60, ...more });

Deno.test("output, error output and exit code of a program are returned unchanged", async () => {
  const found = await run(["sh", "-c", "echo out; echo err >&2; exit 3"]);
  assert.deepEqual(found, {
    exit_code: 3,
    signal: null,
    stdout: "out\n",
    stderr: "err\n",
    timed_out: false,
    spawn_error: null,
  });
});

Deno.test("arguments reach a program unchanged: no shell is involved", async () => {
  const words = ["$HOME", "a b", "*", "`id`", "; exit 9", "it's", "a\nb", ""];
  const { stdout } = await run(["printf", "%s\\0", ...words]);
  assert.deepEqual(stdout.split("\0").slice(0, -1), words);
});

Deno.test("a program gets its input and its folder, and an empty input by default", () =>
  inFolder(async (folder) => {
    assert.equal((await run(["cat"], { stdin: "text\n" })).stdout, "text\n");
    assert.equal((await run(["cat"])).stdout, "");
    assert.equal((await run(["pwd"], { cwd: folder })).stdout, `${folder}\n`);
  }));

Deno.test("a program that does not read its input is judged by its exit code", async () => {
  assert.equal((await run(["true"], { stdin: "x".repeat(5_000_000) })).exit_code, 0);
});

Deno.test("a program that does not exist, is no program or has no name could not be started", () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, "text"), "no program");
    await mkdir(join(folder, "folder"));
    await writeFile(join(folder, "script"), "#!/no/such/sh\n", { mode: 0o755 });
    for (
      const [argv, why] of [
        [["nsfarm-no-such-program"], 'no program "nsfarm-no-such-program" is on PATH'],
        [[join(folder, "absent")], "it is not there"],
        [[join(folder, "text")], "it is not executable"],
        [[join(folder, "folder")], "it is no file"],
        [[join(folder, "script")], "the interpreter or loader that it names is not there"],
        [[], "no program named"],
      ] satisfies [string[], string][]
    ) {
      const { spawn_error, exit_code, timed_out } = await run(argv);
      assert.equal(spawn_error, why);
      assert.equal(
        (await run(["true"], { cwd: join(folder, "gone") })).spawn_error,
        `the folder "${folder}/gone" is not there`,
      );
      assert.deepEqual([exit_code, timed_out], [null, false]);
    }
  }));

Deno.test("a program that ends by a signal has no exit code", async () => {
  const { exit_code, signal, timed_out } = await run(["sh", "-c", "kill -9 $$"]);
  assert.deepEqual([exit_code, signal, timed_out], [null, "SIGKILL", false]);
});

Deno.test("a program that exceeds its time limit is killed with all its children, and is no success", () =>
  inFolder(async (folder) => {
    const pid = join(folder, "pid");
    const script = 'sleep 600 & echo "$!" > "$0"; echo said; trap "" TERM; wait';
    const found = await run(["sh", "-c", script, pid], { timeout_s: 0.5 });
    assert.deepEqual([found.exit_code, found.timed_out, found.stdout], [null, true, "said\n"]);
    const child = Number(await readFile(pid, "utf8"));
    await until(
      "what it started is gone",
      async () => (await readFile(`/proc/${child}/stat`, "utf8").catch(() => "Z")).includes("Z"),
    );
  }));

Deno.test("a process that a program left in a session of its own does not delay its result", () =>
  inFolder(async (folder) => {
    const script = 'setsid sleep 600 "$0" 2>/dev/null || setsid sh -c "sleep 600" "$0" & echo 4711';
    const found = await run(["sh", "-c", script, folder], { timeout_s: 60 });
    assert.deepEqual([found.exit_code, found.stdout, found.timed_out], [0, "4711\n", false]);
    for (const { pid } of await processesOf(folder)) Deno.kill(pid, "SIGKILL");
    await until("it is gone", async () => (await processesOf(folder)).length === 0);
  }));

Deno.test("endless output is cut off, and is no answer", async () => {
  const found = await run(["head", "-c", "80000000", "/dev/zero"]);
  assert.deepEqual([found.exit_code, found.timed_out], [null, true]);
  assert.ok(found.stdout.length <= 64 * 1024 * 1024);
});

Deno.test("output that is no UTF-8 is read all the same", async () => {
  assert.equal((await run(["printf", "a\\377b"])).stdout, "a\ufffdb");
});

Deno.test("work that only queries gives no program more than its limit, and starts none after a stop", async () => {
  const never = new AbortController();
  const late = await endingPrograms(never.signal, () => run(["sleep", "600"]), 0.2);
  assert.deepEqual([late.timed_out, late.exit_code], [true, null]);
  never.abort();
  const after = await endingPrograms(never.signal, () => run(["echo", "x"]));
  assert.deepEqual([after.timed_out, after.stdout], [true, ""]);
  assert.equal((await run(["echo", "x"])).stdout, "x\n", "afterwards all is as it was");
});

Deno.test("the state of a process can be queried after the command was stopped", async () => {
  const stop = new AbortController();
  stop.abort();
  const alive = await endingPrograms(stop.signal, () => startTicks([Deno.pid, Deno.ppid]));
  assert.deepEqual([...alive.keys()].sort(), [Deno.pid, Deno.ppid].sort());
});
