import assert from "node:assert/strict";
import { cp, mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { amountOf } from "../support/amount.ts";
import { mustRun, nsfarm, type Ran, readText, requestArgs, runDir } from "../support/farm.ts";
import { whyNotInstalled } from "../support/packages.ts";
import { inFolder } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";
import { at, readJson } from "../support/toys.ts";

/** Calls whose results can be lost. */
const LOSABLE = ["rename", "link", "mkdir", "unlink"] as const;
type Losable = (typeof LOSABLE)[number];

interface NotedCall {
  call: string;
  /** (New) name in the call. */
  path: string;
}

/** Why no result can be lost here: there is no C compiler, and none can be installed. Empty if it can. */
const whyNoneLost = hasCompiler() ? "" : whyNotInstalled("gcc", "libc6-dev");

const SOURCE = fileURLToPath(new URL("../support/lost_answers.c", import.meta.url));

/** Library that makes the program believe that a successful call failed. */
class LostAnswers {
  readonly #library: string;
  readonly #log: string;

  constructor(readonly folder: string) {
    this.#library = join(folder, "lost_answers.so");
    this.#log = join(folder, "calls.log");
    const args = ["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", this.#library, SOURCE, "-ldl"];
    const { success, stderr } = new Deno.Command("gcc", { args }).outputSync();
    assert(success, new TextDecoder().decode(stderr));
  }

  /**
   * Runs the program; it loses the result of its call with this number, also in programs that it starts. Without a call
   * it loses none.
   * @returns the noted calls by process
   */
  async run(words: string[], call: Losable | "" = "", at = 0): Promise<Ran & { calls: NotedCall[][] }> {
    await rm(this.#log, { force: true });
    const env = {
      LD_PRELOAD: this.#library,
      NSFARM_LOST_CALL: call,
      NSFARM_LOST_AT: `${at}`,
      NSFARM_LOST_LOG: this.#log,
    };
    const ran = await nsfarm(this.folder, words, { env });
    const lines = (await readText(this.#log)).split("\n").flatMap((line) => /^(\d+) (\w+) (.*)$/.exec(line) ?? []);
    return { ...ran, calls: byProcess(lines) };
  }
}

function byProcess(parts: string[]): NotedCall[][] {
  const found = new Map<string, NotedCall[]>();
  for (let i = 0; i < parts.length; i += 4) {
    const [pid = "", call = "", path = ""] = parts.slice(i + 1, i + 4);
    found.set(pid, [...(found.get(pid) ?? []), { call, path }]);
  }
  return [...found.values()];
}

function hasCompiler(): boolean {
  try {
    const args = ["-E", "-include", "dlfcn.h", "-x", "c", "/dev/null"];
    return new Deno.Command("gcc", { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** Fits once for real; from then on the same shard is answered with the same files. */
const FITS_ONCE = `kept=$here/kept/$shard
[ "$shard" != 1 ] || [ -e "$here/mended" ] || exit 3
[ -e "$kept.out" ] || { mkdir -p "$here/kept"; "$real" "$@" && cp "$out" "$kept.out" && cp "$metrics" "$kept.metrics"; }
cp "$kept.out" "$out" && cp "$kept.metrics" "$metrics"
exit`;

interface Case {
  name: string;
  /** Commands that come before, from the render on. */
  before: string[][];
  words: string[];
  /** Its last command leaves shard 1 failed. */
  fails?: boolean;
}

const RENDER = ["render"];
const WORK = ["work", "DIR"];
/** The answer to each so many-th call of a kind is lost. */
const STEP = 3 / amountOf("thirds of the calls whose answers are lost", { quick: 1, usual: 1, all: 3 });

const [COLLECT, MERGE] = [["collect", "DIR"], ["merge", "DIR"]];
const whole = [RENDER, WORK, COLLECT, MERGE];

const cases: Case[] = [
  { name: "render", before: [], words: RENDER },
  { name: "work", before: [RENDER], words: WORK },
  { name: "work where a shard fails", before: [RENDER], words: WORK, fails: true },
  { name: "run", before: [], words: ["run"] },
  { name: "collect", before: [RENDER, WORK], words: COLLECT },
  { name: "merge", before: [RENDER, WORK, COLLECT], words: MERGE },
  { name: "report", before: whole, words: ["report", "DIR"] },
  { name: "archive", before: whole, words: ["archive", "DIR"] },
  { name: "export", before: whole, words: ["export", "DIR", "--format", "csv"] },
  { name: "retry", before: [RENDER, ["work", "DIR", "FAILS"]], words: ["retry", "DIR", "--wait"] },
  { name: "extend", before: whole, words: ["extend", "DIR", "--n-toys", "+2", "--no-submit"] },
];

for (const given of cases) {
  Deno.test({
    name:
      `${given.name}: with the answer lost to any one of its calls that name, link, make or remove a file, all is ` +
      `as if none was${whyNoneLost && ` (left out: ${whyNoneLost})`}`,
    ignore: whyNoneLost !== "",
    // LD_PRELOAD cannot name a path with a blank.
    fn: () => inFolder((folder) => new Trial(folder, given).run(), "nsfarm-lost-"),
  });
}

class Trial {
  readonly #lost: LostAnswers;
  readonly #runs: string;
  readonly #snapshot: string;
  #nextstat = "";
  #lost_answers = 0;

  constructor(readonly folder: string, readonly given: Case) {
    this.#lost = new LostAnswers(folder);
    this.#runs = join(folder, "runs");
    this.#snapshot = join(folder, "snapshot");
  }

  async run(): Promise<void> {
    const { before, fails } = this.given;
    this.#nextstat = (await standIn(this.folder, FITS_ONCE)).path;
    await mkdir(this.#runs);
    for (const words of before) {
      const isToFail = words.includes("FAILS");
      await this.#mend(!isToFail);
      await mustRun(this.folder, this.#words(words.filter((word) => word !== "FAILS")), isToFail ? 5 : 0);
    }
    await this.#mend(!fails);
    await rename(this.#runs, this.#snapshot);
    const { calls, files } = await this.#once();
    for (const call of LOSABLE) {
      const noted = calls.map((of) => of.filter((one) => one.call === call).map(({ path }) => path));
      await this.#loseEach(call, noted, files);
    }
    assert.ok(this.#lost_answers > 0, `no answer was lost: this test has gone blind`);
  }

  async #mend(isMended: boolean): Promise<void> {
    const mark = join(this.folder, "mended");
    if (isMended) await Deno.writeTextFile(mark, "");
    else await rm(mark, { force: true });
  }

  #words(words: string[]): string[] {
    const request = requestArgs(this.folder, { toys: 4, shards: 2, nextstat: this.#nextstat });
    const [command = "", ...more] = words.map((word) => word === "DIR" ? runDir(this.folder) : word);
    return [command, ...(command === "render" || command === "run" ? request : more)];
  }

  async #loseEach(call: Losable, calls: string[][], wanted: string[]): Promise<void> {
    const most = Math.max(0, ...calls.map((paths) => paths.length));
    for (let number = 1; number <= most; number += STEP) {
      const { files, printed } = await this.#once(call, number);
      this.#lost_answers++;
      const other = {
        more: files.filter((one) => !wanted.includes(one)),
        less: wanted.filter((one) => !files.includes(one)),
      };
      assert.deepEqual(
        other,
        { more: [], less: [] },
        `${calls.map((paths) => paths[number - 1]).join(", ")}\n${printed}`,
      );
    }
  }

  /** Runs the command on the same files. @returns its calls, and what lies there then */
  async #once(call?: Losable, number?: number) {
    await rm(this.#runs, { recursive: true, force: true });
    await cp(this.#snapshot, this.#runs, { recursive: true, preserveTimestamps: true });
    const { code, calls, stdout, stderr } = await this.#lost.run(this.#words(this.given.words), call, number);
    const printed = `${call ?? "no call"} ${number ?? ""}: ${stdout}${stderr}`;
    assert.equal(code, this.given.fails ? 5 : 0, printed);
    return { calls, printed, files: await filesBelow(this.#runs) };
  }
}

/** The names of all files; of outputs and of what is merged from them their toys too. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = await Promise.all(entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(folder.length + 1).replaceAll(/[0-9a-f]{16}/g, "TOKEN");
    return entry.isFile() && name.endsWith(".out.json")
      ? `${name}: ${JSON.stringify(at(await readJson(path), "results"))}`
      : name;
  }));
  return found.sort();
}
