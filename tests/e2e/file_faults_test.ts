import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SUBMIT_META_SCHEMA } from "../../core/schema/submit_meta.ts";
import { output } from "../clusters/as_user.ts";
import { someOf } from "../support/amount.ts";
import { namesIn, type Ran, readText, type Where } from "../support/farm.ts";
import { badPlaces, makePlaces, ON_RUN, RUN_FAULTS, withhold } from "../support/file_faults.ts";
import { asOrdinaryUser, own, runOrdinary } from "../support/ordinary_user.ts";
import { standIn } from "../support/stand_in.ts";

/** One command under one fault. */
interface Cell {
  what: string;
  args: string[];
  where?: Where;
}

/** So many run at the same time. */
const SIDE_BY_SIDE = 3;

/** Never our bug; what is wrong is said in a line, and what to do in one more. */
function faultOf({ what, args }: Cell, { code, stderr }: Ran): string | null {
  const of = (fault: string) => `${what}: ${args.join(" ").slice(0, 200)}: ${fault}\n${stderr.slice(0, 1200)}`;
  if (![0, 2, 3, 4, 5].includes(code)) return of(`exit ${code}`);
  if (/internal error|\(os error|NotCapable|deno compile|--allow-all/.test(stderr)) return of("words of the runtime");
  if (code < 2 || code > 4) return null;
  const at = stderr.split("\n").findIndex((line) => line.startsWith("nsfarm-deno: "));
  const lines = stderr.split("\n").slice(at).filter((line) => line !== "");
  if (at < 0 || lines.length > 2) return of(`${lines.length} lines`);
  return code === 3 && !/"[^"]*"/.test(lines[0] ?? "") ? of("no path is named") : null;
}

async function assertUserError(folder: string, cells: readonly Cell[]): Promise<void> {
  const left = [...cells];
  const faults: string[] = [];
  const take = async () => {
    for (let cell = left.shift(); cell; cell = left.shift()) {
      const fault = faultOf(cell, await runOrdinary(folder, cell.args, cell.where));
      if (fault !== null) faults.push(fault);
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, take));
  assert.deepEqual(faults, [], `${faults.length} of ${cells.length}:\n${faults.join("\n")}`);
}

const request = (folder: string): string[] => [
  ...["--config", join(folder, "programs/inputs/gauss_exp_10k.json"), "--nextstat-bin", join(folder, "stand-in")],
  ...["--n-toys", "3", "--threads", "1"],
];

const must = async (folder: string, args: string[], code: number) => {
  const ran = await runOrdinary(folder, args);
  assert.equal(ran.code, code, ran.stdout + ran.stderr);
};

/** A run of three shards of which one failed, as the ordinary user made it, with every part that a run can have. */
async function makeRun(folder: string): Promise<string> {
  await standIn(folder, `[ "$shard" != 1 ] || exit 3`);
  await own(folder);
  await must(
    folder,
    ["run", ...request(folder), "--shards", "3", "--out-dir", folder, "--run-id", "r", "--no-check"],
    5,
  );
  const dir = join(folder, "r");
  await must(folder, ["merge", dir, "--allow-partial"], 0);
  for (const name of ["attempts", "claims", "incoming", "aside", "logs"]) {
    mkdirSync(join(dir, name), { recursive: true });
  }
  const meta = {
    schema_version: SUBMIT_META_SCHEMA,
    created_at_utc: "2026-01-01T00:00:00Z",
    farm: { submissions: [] },
  };
  writeFileSync(join(dir, "submit_meta.json"), JSON.stringify(meta));
  return dir;
}

const test = (name: string, work: (folder: string) => Promise<void>) => Deno.test(name, () => asOrdinaryUser(work));

test("no command on a run ends as an internal error, whatever the fault of one of its files", async (folder) => {
  const dir = await makeRun(folder);
  const cells: Cell[] = [];
  for (const [i, fault] of RUN_FAULTS.entries()) {
    const spoiled = join(folder, `spoiled${i}`);
    await output(["cp", "-a", dir, spoiled], {});
    await own(spoiled);
    await fault.spoil(spoiled);
    const copies = ON_RUN.map((_, j) => `${spoiled}_${j}`);
    await output(["sh", "-c", 'from=$1; shift; for to; do cp -a "$from" "$to"; done', "sh", spoiled, ...copies], {});
    cells.push(...ON_RUN.map((command, j) => ({ what: fault.what, args: command(copies[j] ?? "") })));
  }
  await assertUserError(folder, someOf("commands on a run with one fault", cells, 4));
});

test("no command ends as an internal error, wherever it has to read or to write", async (folder) => {
  const dir = await makeRun(folder);
  await own(dir);
  const root = join(folder, "places");
  await makePlaces(root);
  const good = unlike(folder);
  const cells = Object.entries(badPlaces(root)).flatMap(([what, place]) =>
    [
      ["status", place],
      ["merge", place],
      ["verify", place],
      ["report", place],
      ["sweep", "submit", "--sweep-json", place],
      ["run", ...good, "--out-dir", place],
      ...["render"].flatMap((command) => [
        [command, ...good, "--out-dir", place, "--seed", "next", "--no-check"],
        [command, ...unlike(folder, "--config"), "--config", place, "--out-dir", join(folder, "out")],
        [command, ...unlike(folder, "--nextstat-bin"), "--nextstat-bin", place, "--out-dir", join(folder, "out")],
        [command, ...good, "--profile", place],
        [command, ...good, "--plugin", place, "--scheduler", "x"],
        [command, ...good, "--scheduler", "ssh", "--hosts-file", place],
      ]),
      ...["sweep run"].map((command) => [
        ...command.split(" "),
        ...unlike(folder, "--shards"),
        ...["--shards-list", "1", "--out-root", place],
      ]),
      ["merge", dir, "--allow-partial", "--out", place],
      ["merge", "--input", place],
      ["collect", dir, "--out", place],
      ["report", dir, "--out", place],
      ["report", dir, "--svg", place],
      ["archive", dir, "--allow-partial", "--out", place],
      ["export", dir, "--format", "csv", "--allow-partial", "--out", place],
      ["verify", `${place}.tar`],
      ["plan", "--from", dir, "--hosts", place],
      ["preflight", "--scheduler", "local", "--out", place],
      ["preflight", "--scheduler", "local", "--write-profile", place],
      ["plugin", "check", place],
      ["plugin", "new", place],
    ].map((args) => ({ what, args }))
  );
  await assertUserError(folder, someOf("commands at a place with one fault", cells, 4));
});

test("no command ends as an internal error, whatever its environment", async (folder) => {
  const dir = await makeRun(folder);
  await own(dir);
  const root = join(folder, "places");
  await makePlaces(root);
  const { locked, loop, long } = { locked: join(root, "locked/x"), loop: join(root, "loop"), long: "/n".repeat(2500) };
  const environments: Record<string, string>[] = [
    ...[locked, loop, long].flatMap((place) => [{ HOME: place }, { NSFARM_PROFILE: place }]),
    ...[locked, "/dev/shm", "/proc/self"].map((place) => ({ TMPDIR: place })),
    ...[{ XDG_CONFIG_HOME: locked }, { NSFARM_PLUGINS: locked }, { PATH: `${locked}:/usr/bin:/bin` }],
  ];
  const commands = (id: string) => [
    ["status", dir],
    ["job", dir, "1"],
    ["submit", dir],
    ["render", ...request(folder), "--shards", "3", "--out-dir", join(folder, "out"), "--run-id", id],
    ["preflight", "--scheduler", "local"],
    ["plugin", "list"],
  ];
  const cells = environments.flatMap((env, i) =>
    commands(`r${i}`).map((args) => ({ what: JSON.stringify(env), args, where: { env } }))
  );
  await assertUserError(folder, someOf("commands in an odd environment", cells, 5));
});

const unlike = (folder: string, ...names: string[]) => {
  const words = [...request(folder), "--shards", "3"];
  return words.filter((word, i) => !names.includes(word) && !names.includes(words[i - 1] ?? ""));
};

test("shards are unknown where attempts/ is unreadable, and nothing starts", async (folder) => {
  const dir = await makeRun(folder);
  await own(dir);
  await withhold(join(dir, "attempts"));
  const { code, stdout } = await runOrdinary(folder, ["status", dir]);
  assert.equal(code, 0);
  assert.match(stdout, /2 done, 1 unknown of 3 shards/);
  assert.match(stdout, /Cannot list ".*\/attempts": permission is denied \(it belongs to user \d+\)/);
  for (const words of [["submit", dir], ["retry", dir], ["work", dir], ["job", dir, "1"], ["finish", dir]]) {
    const ran = await runOrdinary(folder, words);
    assert.equal(ran.code, 3, words.join(" "));
    assert.match(ran.stderr, /attempts": permission is denied/);
  }
});

test("a shard is unknown where the record of its last attempt is unreadable", async (folder) => {
  const dir = await makeRun(folder);
  await own(dir);
  await withhold(join(dir, "attempts/shard_1.1.json"));
  const { stdout } = await runOrdinary(folder, ["status", dir]);
  assert.match(stdout, /2 done, 1 unknown of 3 shards/);
});

test("an unreadable result is unknown: it is neither rerun nor moved away", async (folder) => {
  const dir = await makeRun(folder);
  await own(dir);
  await withhold(join(dir, "shard_0.out.json"));
  assert.match((await runOrdinary(folder, ["status", dir])).stdout, /1 unknown, 1 failed, 1 done of 3 shards/);
  for (const words of [["job", dir, "0"], ["work", dir], ["retry", dir]]) {
    await runOrdinary(folder, words);
    assert.ok((await namesIn(dir)).includes("shard_0.out.json"), words.join(" "));
    assert.deepEqual(await namesIn(join(dir, "aside")), [], words.join(" "));
  }
});

test("unreadable runs of other users beside a new one are named, and block nobody", async (folder) => {
  const beside = join(folder, "shared");
  mkdirSync(join(beside, "alice"), { recursive: true });
  await own(beside);
  await withhold(join(beside, "alice"));
  const words = ["render", ...unlike(folder), "--no-check", "--out-dir", beside];
  await standIn(folder, "");
  for (const more of [["--run-id", "a"], ["--run-id", "b", "--seed", "next"]]) {
    const { code, stderr } = await runOrdinary(folder, [...words, ...more]);
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      /warning: the seeds of other runs in the folder could not be compared: "alice" cannot be read: permission/,
    );
  }
});

test("an unwritable --out-dir is reported with the run's folder, not with a temporary name", async (folder) => {
  const closed = join(folder, "closed");
  mkdirSync(closed, { mode: 0o500 });
  await own(closed);
  await standIn(folder, "");
  const words = ["run", ...unlike(folder), "--no-check", "--out-dir", closed, "--run-id", "r"];
  const { code, stderr } = await runOrdinary(folder, words);
  assert.equal(code, 3, stderr);
  assert.match(stderr, /Cannot write ".*\/closed\/r": permission is denied/);
});

test("an unreadable home, and /dev/shm as TMPDIR, change nothing", async (folder) => {
  await standIn(folder, "");
  await own(folder);
  const root = join(folder, "places");
  await makePlaces(root);
  const env = { HOME: join(root, "locked"), TMPDIR: "/dev/shm" };
  const words = ["run", ...unlike(folder), "--out-dir", folder, "--run-id", "r"];
  const { code, stderr } = await runOrdinary(folder, words, { env });
  assert.equal(code, 0, stderr);
});

test("--out accepts a name as long as the file system allows, and /dev/shm is refused with an alternative", async (folder) => {
  const dir = await makeRun(folder);
  await own(dir);
  const out = (name: string) => runOrdinary(folder, ["merge", dir, "--allow-partial", "--out", name]);
  assert.equal((await out(join(folder, `${"n".repeat(250)}.json`))).code, 0);
  assert.match(
    (await out(join(folder, "n".repeat(256)))).stderr,
    /Cannot (write|look at) ".*": the name is too long\n/,
  );
  assert.match(
    (await out("/dev/shm/x")).stderr,
    /Cannot write "\/dev\/shm\/x": .*\n {2}Give a path on a disk instead/,
  );
});

test("five million shards of one toy are refused with a valid --shards, and change nothing", async (folder) => {
  await standIn(folder, "");
  await own(folder);
  const words = [...unlike(folder), "--no-check", "--out-dir", folder, "--run-id", "r"];
  await must(folder, ["render", ...words], 0);
  const before = await readText(join(folder, "r/manifest.json"));
  const { code, stderr } = await runOrdinary(folder, ["extend", join(folder, "r"), "--n-toys", "+5000000"]);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /a run has at most 100000 and this one has 3\n {2}Put more toys into each: --shards 99997 or fewer/,
  );
  assert.equal(await readText(join(folder, "r/manifest.json")), before);
});
