/// <reference lib="deno.worker" />
import { basename, dirname } from "node:path";
import { ownTemporaryFiles } from "../../../runtime/fs/write.ts";
import { commitShard, type Committed } from "../../../runtime/shard/commit.ts";
import { Job, MANIFEST, type Outcome, PLAN, resultOf } from "./commit_case.ts";
import { Gate, skipShortWaits, STATE } from "./gate.ts";

/** Thrown by every file operation of a worker that was killed: none has an effect any more. */
class Killed extends Error {}

/** One bit for each name that both workers use; those with numbers behind count as one. */
const SHARED = [
  /^run\/shard_0\.metrics\.json$/,
  /^run\/shard_0\.out\.json$/,
  /^run\/shard_0\.commit$/,
  /^aside\/shard_0\.metrics\.json(\.\d{1,3})?$/,
  /^aside\/shard_0\.out\.json(\.\d{1,3})?$/,
];

function nameBit(path: string): number {
  const at = SHARED.findIndex((name) => name.test(`${basename(dirname(path))}/${basename(path)}`));
  return at < 0 ? 0 : 1 << at;
}

/** The file operations of one commit, each of which waits for leave where others see what it touches. */
class Desk {
  changes = 0;
  /** Those of them that others can see. */
  readonly seen: number[] = [];
  killed = false;

  constructor(readonly gate: Gate, readonly job: Job) {}

  pass(paths: string[], changes: boolean, takes_right = false): void {
    if (this.killed) throw new Killed();
    if (changes && this.changes++ === this.job.killed_before) this.#die();
    const names = paths.reduce((bits, path) => bits | nameBit(path), 0);
    if (names === 0) return;
    if (changes) this.seen.push(this.changes - 1);
    this.gate.request({ names, changes, takes_right });
    if (this.gate.await([STATE.go, STATE.kill]) === STATE.kill) this.#die();
  }

  #die(): never {
    this.killed = true;
    throw new Killed();
  }
}

const real = {
  link: Deno.linkSync,
  rename: Deno.renameSync,
  remove: Deno.removeSync,
  open: Deno.openSync,
  mkdir: Deno.mkdirSync,
  lstat: Deno.lstatSync,
  stat: Deno.statSync,
  readFile: Deno.readFileSync,
};

class NoLinks extends Error {
  readonly code = "EPERM";
}

/** Puts the desk before every function of Deno that a commit uses. */
function hook(desk: Desk): void {
  const hooks = {
    linkSync: (from: string, to: string) => {
      if (!desk.job.links) throw new NoLinks("Operation not permitted (os error 1)");
      desk.pass([to], true);
      real.link(from, to);
    },
    renameSync: (from: string, to: string) => {
      desk.pass([from, to], true);
      real.rename(from, to);
    },
    removeSync: (path: string) => {
      desk.pass([path], true);
      real.remove(path);
    },
    mkdirSync: (path: string, options: Deno.MkdirOptions) => {
      desk.pass([path], true);
      real.mkdir(path, options);
    },
    openSync: (path: string, options: Deno.OpenOptions = { read: true }) => openFile(desk, path, options),
    lstatSync: (path: string) => {
      desk.pass([path], false);
      return real.lstat(path);
    },
    statSync: (path: string) => {
      desk.pass([path], false);
      return real.stat(path);
    },
    readFileSync: (path: string) => {
      desk.pass([path], false);
      return real.readFile(path);
    },
  };
  for (const [name, value] of Object.entries(hooks)) Reflect.set(Deno, name, value);
}

function openFile(desk: Desk, path: string, options: Deno.OpenOptions): Deno.FsFile {
  const creates = options.createNew === true;
  desk.pass([path], creates, creates && path.endsWith(".commit"));
  const file = real.open(path, options);
  const write = file.writeSync.bind(file);
  Reflect.set(file, "writeSync", (bytes: Uint8Array) => {
    try {
      desk.pass([path], true);
    } catch (error) {
      // Whoever is killed while it writes leaves half of it.
      if (desk.changes - 1 === desk.job.killed_before) write(bytes.subarray(0, bytes.length >> 1));
      throw error;
    }
    return write(bytes);
  });
  return file;
}

function work(gate: Gate, job: Job): Outcome {
  const desk = new Desk(gate, job);
  hook(desk);
  ownTemporaryFiles({ boot_id: "b007b007", pid: job.worker, start_ticks: "7" });
  try {
    const committed = commitShard(job.dir, MANIFEST, PLAN, resultOf(job.dir, job.attempt, job.shift));
    return outcome(desk, committed.kind, whatOf(committed));
  } catch (error) {
    return outcome(desk, "threw", error instanceof Error ? `${error.stack}` : String(error));
  }
}

const outcome = ({ killed, changes, seen }: Desk, kind: string, what: string): Outcome => ({
  kind: killed ? "killed" : kind,
  what,
  changes,
  seen,
});

const whatOf = (committed: Committed) => committed.kind === "differs" ? `${committed.what}\n${committed.aside}` : "";

skipShortWaits();

self.onmessage = ({ data }: MessageEvent<SharedArrayBuffer>) => {
  const gate = new Gate(data);
  for (;;) {
    gate.await([STATE.job], 600_000);
    const text = gate.readText();
    if (text === "") return self.close();
    gate.writeText(JSON.stringify(work(gate, Job.parse(JSON.parse(text)))));
    gate.set(STATE.ended);
  }
};
