import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { output } from "../clusters/as_user.ts";

/** Something wrong with a file of a run, or with the run directory itself. */
interface RunFault {
  what: string;
  spoil: (dir: string) => unknown;
}

const LONG = "n".repeat(300);

/** What another user owns, and does not let others read. Permissions are the owner's: root's, or taken from oneself. */
export function withhold(path: string): Promise<unknown> {
  chmodSync(path, 0);
  return Deno.uid() === 0 ? output(["chown", "-R", "root:root", path], {}) : Promise.resolve();
}

const withheld = (name: string): RunFault => ({ what: `${name} withheld`, spoil: (dir) => withhold(join(dir, name)) });

function replaced(name: string, kind: string, make: (path: string) => unknown): RunFault {
  const spoil = (dir: string) => {
    rmSync(join(dir, name), { recursive: true, force: true });
    return make(join(dir, name));
  };
  return { what: `${name} as ${kind}`, spoil };
}

const asLoop = (path: string) => symlinkSync(path, path);

const WITHHELD = [
  ...["attempts", "claims", "incoming", "logs", "attempts/shard_1.1.json", "."],
  ...["manifest.json", "shard_0.out.json", "shard_0.metrics.json", "submit_meta.json", "merged.out.json"],
];

/** Faults in a run directory. */
export const RUN_FAULTS: RunFault[] = [
  ...WITHHELD.map(withheld),
  replaced("attempts", "a link to itself", asLoop),
  replaced("incoming", "a file", (path) => writeFileSync(path, "")),
  replaced("manifest.json", "a FIFO", (path) => output(["mkfifo", path], {})),
  replaced("manifest.json", "a file of no bytes", (path) => writeFileSync(path, "")),
  replaced("submit_meta.json", "a folder", (path) => mkdirSync(path)),
  replaced("merged.out.json", "a link to nothing", (path) => symlinkSync("nothing", path)),
  { what: "the run of another user, which may be read", spoil: readOnly },
];

async function readOnly(dir: string): Promise<void> {
  if (Deno.uid() === 0) await output(["chown", "-R", "root:root", dir], {});
  await output(["chmod", "-R", "a+rX,a-w", dir], {});
}

/** Commands on a run. */
export const ON_RUN: ((dir: string) => string[])[] = [
  (dir) => ["status", dir],
  (dir) => ["doctor", dir],
  (dir) => ["report", dir],
  (dir) => ["collect", dir],
  (dir) => ["merge", dir, "--allow-partial"],
  (dir) => ["logs", dir, "1"],
  (dir) => ["verify", dir],
  (dir) => ["plan", "--from", dir],
  (dir) => ["work", dir],
  (dir) => ["work", dir, "--ask"],
  (dir) => ["finish", dir],
  (dir) => ["job", dir, "1"],
  (dir) => ["retry", dir],
  (dir) => ["submit", dir],
  (dir) => ["cancel", dir],
  (dir) => ["extend", dir, "--n-toys", "+1"],
  (dir) => ["archive", dir, "--allow-partial"],
  (dir) => ["export", dir, "--format", "parquet", "--allow-partial"],
];

/** Paths at which there is something in the way; `root` holds what makePlaces makes. */
export const badPlaces = (root: string): Record<string, string> => ({
  "a folder that may not be entered": join(root, "locked/x"),
  "a folder that may not be written": join(root, "fixed/x"),
  "too long a name": join(root, LONG),
  "too long a path": join(root, "x/".repeat(2500)),
  "a link to itself": join(root, "loop"),
  "below a file": join(root, "file/x"),
  "/dev/shm": `/dev/shm/nsfarm-none-${Deno.pid}`,
  "/dev/stdout": "/dev/stdout",
});

export async function makePlaces(root: string): Promise<void> {
  mkdirSync(root);
  for (const name of ["locked", "fixed"]) mkdirSync(join(root, name));
  writeFileSync(join(root, "file"), "");
  asLoop(join(root, "loop"));
  if (Deno.uid() === 0) await output(["chown", "-R", "root:root", root], {});
  chmodSync(root, 0o755);
  chmodSync(join(root, "fixed"), 0o555);
  chmodSync(join(root, "locked"), 0);
}
