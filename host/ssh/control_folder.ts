import { join } from "node:path";
import { namesInPassing } from "../disk/list_names.ts";
import { removeTree } from "../disk/write_file.ts";
import { startTicks } from "../machine/proc.ts";
import type { Machine } from "../machine/machine.ts";

/** Where sockets may lie: short, for a socket's path has at most 104 bytes and ssh adds 17 to it (sun_path, unix(7)). */
const places = () =>
  [Deno.env.get("XDG_RUNTIME_DIR") ?? "", "/tmp"].filter((place) => /^\/[A-Za-z0-9/_.-]{0,40}$/.test(place));

const NAME = /^nsfarm-ssh-([1-9][0-9]*)-([0-9]+)-/;

interface ControlFolder {
  /** A socket's path for the host of this number. */
  socket(index: number): string;
  remove(): void;
}

/** A folder that only this user can enter, for the sockets of one driver's connections; those of dead drivers go. */
export async function openControlFolder(machine: Machine): Promise<ControlFolder> {
  await sweep();
  const { pid, start_ticks } = machine.process;
  const dir = makeIn(places(), `nsfarm-ssh-${pid}-${start_ticks}-`);
  return {
    socket: (index) => join(dir, `h${index}`),
    remove: () => removeTree(dir),
  };
}

/** mkdtemp(3): mode 0700, and never a folder that was there before. */
function makeIn([place, ...others]: string[], prefix: string): string {
  try {
    return Deno.makeTempDirSync({ dir: place ?? "/tmp", prefix });
  } catch (error) {
    if (others.length === 0) throw error;
    return makeIn(others, prefix);
  }
}

async function sweep(): Promise<void> {
  const found = places().flatMap((place) =>
    namesInPassing(place).flatMap((name) => {
      const [, pid, ticks] = NAME.exec(name) ?? [];
      return pid === undefined || !isMine(join(place, name))
        ? []
        : [{ path: join(place, name), pid: Number(pid), ticks }];
    })
  );
  const alive = await startTicks(found.map(({ pid }) => pid));
  for (const { path, pid, ticks } of found) {
    if (alive.get(pid) !== ticks) removeTree(path);
  }
}

function isMine(path: string): boolean {
  const { isDirectory, uid } = Deno.lstatSync(path);
  return isDirectory && uid === Deno.uid();
}
