import assert from "node:assert/strict";
import { chmod, cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Cause, CAUSES } from "../../core/schema/enums.ts";
import { inputs, mustRun, namesIn, nsfarm, renderRun, type RunOptions } from "../support/farm.ts";
import { canMount, unlessMounting, withDisk } from "../support/mounts.ts";
import { finalNames, readAttempts, readRecord } from "../support/run_dir.ts";
import { inFolder } from "../support/scratch.ts";
import { type StandIn, standIn } from "../support/stand_in.ts";

interface Fault {
  cause: Cause;
  how: string;
  /** What the fit of the shard does first. */
  behaviour: string;
  /** What `status` says of the shard: its state, and why. */
  state: string;
  why: RegExp;
  /** What `logs` says. */
  words: string;
  more?: string[];
  exit_code?: number | null;
  signal?: string | null;
  /** What is done to the run before its shard is run. */
  spoil?: (folder: string, fake: StandIn) => Promise<void>;
}

/** A whole output of the right shard, into the place of this one's. */
const WRITE_OUT = `"$real" "$@"`;

/** The real fit, but with some words of its arguments exchanged. */
function withWords(others: Record<string, string>): string {
  const cases = Object.entries(others).map(([word, other]) => `${word}) word=${other} ;;`);
  return `for word; do
  shift
  case $word in ${cases.join(" ")} esac
  set -- "$@" "$word"
done
"$real" "$@"
exit 0`;
}

const FAULTS: Fault[] = [
  {
    cause: "exit",
    how: "ends with an exit code",
    behaviour: `echo "first line" >&2; echo "the reason" >&2; exit 3`,
    ...{ state: "failed", why: /^exit 3: first line/, words: "nextstat ended with an error (exit 3)", exit_code: 3 },
  },
  {
    cause: "signal",
    how: "is killed by a signal that tells nothing",
    behaviour: "kill -9 $$",
    ...{
      state: "failed",
      why: /^nextstat was killed \(SIGKILL\)$/,
      words: "nextstat was killed (SIGKILL)",
      signal: "SIGKILL",
    },
  },
  {
    cause: "signal",
    how: "crashes",
    behaviour: "kill -SEGV $$",
    ...{
      state: "failed",
      why: /^nextstat was killed \(SIGSEGV\)$/,
      words: "nextstat was killed (SIGSEGV)",
      signal: "SIGSEGV",
    },
  },
  {
    cause: "memory",
    how: "says that it got no memory, and aborts",
    behaviour: `echo "memory allocation of 12 bytes failed" >&2; kill -ABRT $$`,
    ...{
      state: "out_of_memory",
      why: /^out of memory: memory alloc/,
      words: "out of memory (SIGABRT)",
      signal: "SIGABRT",
    },
  },
  {
    cause: "disk",
    how: "finds no space",
    behaviour: `echo "Error: No space left on device (os error 28)" >&2; exit 1`,
    ...{ state: "failed", why: /^the disk is full: Error: No space/, words: "the disk is full (exit 1)", exit_code: 1 },
  },
  {
    cause: "output",
    how: "writes nothing",
    behaviour: "exit 0",
    ...{ state: "failed", why: /^its output is missing or unreadable: .*is not there/, exit_code: 0 },
    words: "its output is missing or unreadable",
  },
  {
    cause: "output",
    how: "writes half of it",
    behaviour: `${WRITE_OUT}; head -c 500 "$out" >"$here/half"; cat "$here/half" >"$out"; exit 0`,
    ...{ state: "failed", why: /^its output is missing or unreadable: .*is no JSON/, exit_code: 0 },
    words: "its output is missing or unreadable",
  },
  {
    cause: "output",
    how: "writes an empty file",
    behaviour: `: >"$out"; exit 0`,
    ...{ state: "failed", why: /^its output is missing or unreadable: .*is empty/, exit_code: 0 },
    words: "its output is missing or unreadable",
  },
  {
    cause: "output",
    how: "writes words that sound like other faults",
    behaviour: `echo "it says that it holds and starts at nothing" >"$out"; exit 0`,
    ...{ state: "failed", why: /^its output is missing or unreadable: .*is no JSON/, exit_code: 0 },
    words: "its output is missing or unreadable",
  },
  {
    cause: "output",
    how: "writes a link to somewhere else",
    behaviour: `ln -s /etc/passwd "$out"; exit 0`,
    ...{ state: "failed", why: /^its output is missing or unreadable: .*is a link/, exit_code: 0 },
    words: "its output is missing or unreadable",
  },
  {
    cause: "output",
    how: "writes a FIFO",
    behaviour: `mkfifo "$out"; exit 0`,
    ...{ state: "failed", why: /^its output is missing or unreadable: .*is no regular file/, exit_code: 0 },
    words: "its output is missing or unreadable",
  },
  {
    cause: "output",
    how: "writes no metrics",
    behaviour: `${WRITE_OUT}; rm "$metrics"; exit 0`,
    ...{ state: "failed", why: /^its output is missing or unreadable: .*metrics.*is not there/, exit_code: 0 },
    words: "its output is missing or unreadable",
  },
  {
    cause: "output",
    how: "writes half of the metrics",
    behaviour: `${WRITE_OUT}; echo '{"schema_version":' >"$metrics"; exit 0`,
    ...{ state: "failed", why: /^its output is missing or unreadable: .*metrics.*is no JSON/, exit_code: 0 },
    words: "its output is missing or unreadable",
  },
  {
    cause: "toys",
    how: "fits toys of another seed",
    behaviour: withWords({ 42: "999" }),
    ...{ state: "failed", why: /^its output holds the wrong toys: .*run seed 999/, exit_code: 0 },
    words: "its output holds the wrong toys",
  },
  {
    cause: "toys",
    how: "fits the toys of another shard",
    behaviour: withWords({ "0/2": "1/2", "1/2": "0/2" }),
    ...{ state: "failed", why: /^its output holds the wrong toys: .*is of shard 1/, exit_code: 0 },
    words: "its output holds the wrong toys",
  },
  {
    cause: "toys",
    how: "generates at another point",
    behaviour: withWords({ init: "mle" }),
    ...{ state: "failed", why: /^its output holds the wrong toys: .*generated at "mle"/, exit_code: 0 },
    words: "its output holds the wrong toys",
  },
  {
    cause: "time",
    how: "takes longer than --local-time",
    behaviour: "while :; do sleep 0.05; done",
    ...{ state: "timed_out", why: /^time limit reached/, words: "time limit reached (SIGTERM)", signal: "SIGTERM" },
    more: ["--local-time", "0:01"],
  },
  {
    cause: "spawn",
    how: "cannot be started, since it is not executable any more",
    behaviour: "",
    ...{ state: "failed", why: /^nextstat could not be started: /, words: "nextstat could not be started" },
    spoil: (_, fake) => chmod(fake.path, 0o644),
  },
  {
    cause: "version",
    how: "is of another version than the run's",
    behaviour: "",
    ...{ state: "failed", why: /^nextstat or the inputs have changed since the run was rendered: .*0\.11\.0/ },
    words: "nextstat or the inputs have changed since the run was rendered",
    spoil: async (folder) => void await standIn(folder, "", "0.11.0"),
  },
  {
    cause: "version",
    how: "would read other data than the run was rendered with",
    behaviour: "",
    ...{ state: "failed", why: /^nextstat or the inputs have changed since the run was rendered: .*observed\.parquet/ },
    words: "nextstat or the inputs have changed since the run was rendered",
    spoil: (folder) => writeFile(join(folder, "inputs", "observed.parquet"), "other data"),
  },
];

/** A run of one shard with inputs of its own, whose fit has the fault. */
async function makeRun(folder: string, fault: Fault): Promise<string> {
  const fake = await standIn(folder, fault.behaviour);
  await cp(inputs(), join(folder, "inputs"), { recursive: true });
  const options: RunOptions = {
    toys: 4,
    shards: 2,
    nextstat: fake.path,
    config: join(folder, "inputs", "gauss_exp_10k.json"),
  };
  const dir = await renderRun(folder, { ...options, more: fault.more ?? [] });
  await fault.spoil?.(folder, fake);
  return dir;
}

async function assertUserError(folder: string, dir: string, fault: Fault, attempts: number): Promise<void> {
  assert.deepEqual(await finalNames(dir), [], "a failed attempt touches none of the final names");
  assert.deepEqual(await namesIn(join(dir, "incoming")), []);
  const [first] = (await readAttempts(dir)).filter((one) => one.shard_index === 0);
  const { cause, exit_code, signal, out_sha256 } = first?.end ?? {};
  const wanted = {
    cause: fault.cause,
    exit_code: fault.exit_code ?? null,
    signal: fault.signal ?? null,
    out_sha256: null,
  };
  assert.deepEqual({ cause, exit_code, signal, out_sha256 }, wanted);
  const status = JSON.parse((await mustRun(folder, ["status", dir, "--json"])).stdout);
  assert.equal(status.shards[0].state, fault.state);
  assert.match(status.shards[0].why, fault.why);
  const { stdout } = await mustRun(folder, ["logs", dir, "0"]);
  const reported = stdout.split("\n").filter((line) => line.startsWith("attempt "));
  assert.equal(reported.length, attempts);
  for (const line of reported) assert(line.endsWith(`: ${fault.words}`), line);
}

Deno.test("each cause has such a fit; ok and terminated have tests of their own", () => {
  const tested = new Set<Cause>(["ok", "terminated", ...FAULTS.map(({ cause }) => cause)]);
  assert.deepEqual(CAUSES.filter((cause) => !tested.has(cause)), []);
});

for (const fault of FAULTS) {
  if (fault.cause !== "time") {
    Deno.test(`job: a fit that ${fault.how} has the cause "${fault.cause}"`, () =>
      inFolder(async (folder) => {
        const dir = await makeRun(folder, fault);
        const { code, stdout, stderr } = await nsfarm(folder, ["job", dir, "0"]);
        assert.equal(code, 5, stdout + stderr);
        assert.match(stdout, /^shard 0: /);
        assert.equal(stderr, "");
        await assertUserError(folder, dir, fault, 1);
      }));
  }
  if (fault.cause !== "version" && fault.cause !== "spawn") {
    Deno.test(`worker loop: a fit that ${fault.how} has the cause "${fault.cause}"`, () =>
      inFolder(async (folder) => {
        const dir = await makeRun(folder, fault);
        const { code, stderr } = await nsfarm(folder, ["work", dir, "--slots", "1"]);
        assert.equal(code, 5, stderr);
        assert.doesNotMatch(stderr, /internal error/);
        await assertUserError(folder, dir, fault, fault.cause === "signal" || fault.cause === "output" ? 2 : 1);
      }));
  }
}

Deno.test('job: a good fit is the cause "ok", and a second job of the shard does nothing', () =>
  inFolder(async (folder) => {
    const fake = await standIn(folder, "");
    const dir = await renderRun(folder, { toys: 4, shards: 2, nextstat: fake.path });
    assert.equal((await mustRun(folder, ["job", dir, "0", "1"])).stdout, "shard 0: done\nshard 1: done\n");
    assert.equal((await readRecord(dir, 0)).cause, "ok");
    assert.match((await mustRun(folder, ["job", dir, "0"])).stdout, /^shard 0: done \(already done\)$/m);
    assert.equal((await fake.log()).filter((line) => line.what === "start").length, 2);
    const { stdout } = await mustRun(folder, ["logs", dir, "1"]);
    assert.match(stdout, /^done on \S+ by attempt 1 in [0-9.]+ s$/m);
  }));

Deno.test("a worker loop whose machine is at fault stops after one shard and reports why", () =>
  inFolder(async (folder) => {
    const fake = await standIn(folder, `echo "Error: No space left on device (os error 28)" >&2; exit 1`);
    const dir = await renderRun(folder, { toys: 8, shards: 8, nextstat: fake.path });
    const { code, stderr } = await nsfarm(folder, ["work", dir, "--slots", "1"]);
    assert.equal(code, 5);
    assert.match(stderr, /starting no more shards: disk: Error: No space left on device/);
    assert((await readAttempts(dir)).length <= 2, `${(await readAttempts(dir)).length} shards were begun`);
  }));

Deno.test({
  name: `a fit that fills the disk: its record is in the attempt file all the same${unlessMounting}`,
  ignore: !canMount,
  fn: () =>
    inFolder((folder) =>
      withDisk(folder, async (disk) => {
        const fake = await standIn(folder, `cat /dev/zero >"$out"; exit 1`);
        const dir = await renderOn(folder, disk, fake);
        const { code, stdout } = await nsfarm(folder, ["job", dir, "0"]);
        assert.equal(code, 5);
        assert.match(stdout, /^shard 0: the disk is full/);
        assert.equal((await readAttempts(dir))[0]?.end?.cause, "disk");
        assert.deepEqual(await finalNames(dir), []);
        assert.match((await mustRun(folder, ["logs", dir, "0"])).stdout, /the disk is full/);
      })
    ),
});

Deno.test({
  name: `the real nextstat on a full disk: the cause is "disk", and the record is kept${unlessMounting}`,
  ignore: !canMount,
  fn: () =>
    inFolder((folder) =>
      withDisk(folder, async (disk) => {
        const fake = await standIn(folder, `cat /dev/zero >"$here/disk/filler" 2>/dev/null`);
        const dir = await renderOn(folder, disk, fake);
        assert.equal((await nsfarm(folder, ["job", dir, "0"])).code, 5);
        assert.equal((await readAttempts(dir))[0]?.end?.cause, "disk");
        assert.deepEqual(await finalNames(dir), []);
      })
    ),
});

Deno.test({
  name: `a disk that is full at the commit: the cause is "disk", none of the final names is there${unlessMounting}`,
  ignore: !canMount,
  fn: () =>
    inFolder((folder) =>
      withDisk(folder, async (disk) => {
        const fake = await standIn(
          folder,
          `[ -e "$here/mended" ] || { "$real" "$@"; cat /dev/zero >"$here/disk/filler" 2>/dev/null; exit 0; }`,
        );
        const dir = await renderOn(folder, disk, fake);
        const { code, stdout, stderr } = await nsfarm(folder, ["job", dir, "0"]);
        assert.equal(code, 5, stdout + stderr);
        assert.equal((await readAttempts(dir))[0]?.end?.cause, "disk");
        assert.deepEqual(await finalNames(dir), []);
        await Deno.remove(join(disk, "filler"));
        await fake.mark("mended");
        await mustRun(folder, ["work", dir, "--retry-failed"]);
        assert.equal((await readRecord(dir, 0)).attempt, 2);
      })
    ),
});

async function renderOn(folder: string, disk: string, fake: StandIn): Promise<string> {
  await renderRun(folder, { toys: 4, shards: 2, nextstat: fake.path, more: ["--out-dir", disk] });
  return join(disk, "r");
}
