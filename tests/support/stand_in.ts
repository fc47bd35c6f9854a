import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nextstat, readText } from "./farm.ts";

/** One line of a replacement's log. A fit writes "double" if it finds another fit of its shard alive. */
export interface LogLine {
  what: "start" | "end" | "double";
  shard: number;
  /** NaN if it has a name instead of a number: on hosts behind ssh. */
  attempt: number;
  pid: number;
}

/** A replacement of nextstat that provokes faults. */
export interface StandIn {
  path: string;
  log(): Promise<LogLine[]>;
  /** Returns the pids of all fits of a shard that have started. */
  pids(shard: number): Promise<number[]>;
  /** Makes the file with this name, which a behaviour may check as "$here/NAME". */
  mark(name: string): Promise<void>;
}

/**
 * Writes a replacement that answers `--version` and delegates to the real nextstat. For fits of shards, of a run with
 * starts from each of them, it first runs `behaviour`: lines of sh with $shard, $attempt, $out, $metrics and $here.
 */
export async function standIn(folder: string, behaviour: string, version = "0.10.1"): Promise<StandIn> {
  const path = join(folder, "stand-in");
  const log = join(folder, "fits.log");
  await writeFile(log, "");
  await writeFile(path, script(folder, behaviour, version));
  await chmod(path, 0o755);
  const lines = async () => (await readText(log)).split("\n").filter((line) => line !== "").map(readLine);
  return {
    path,
    log: lines,
    pids: async (shard) =>
      (await lines()).filter((one) => one.what === "start" && one.shard === shard).map((one) => one.pid),
    mark: (name) => writeFile(join(folder, name), ""),
  };
}

function readLine(line: string): LogLine {
  const [what, shard, attempt, pid] = line.split(" ");
  if (what !== "start" && what !== "end" && what !== "double") throw new Error(`a line of no known kind: ${line}`);
  return { what, shard: Number(shard), attempt: Number(attempt), pid: Number(pid) };
}

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

// A line of the log is one short write to a file opened for appending, so lines of several fits do not mix.
function script(folder: string, behaviour: string, version: string): string {
  return `#!/bin/sh
here=${quote(folder)}
real=${quote(nextstat())}
[ "$1" != --version ] || { echo "nextstat ${version}"; exit 0; }
out= metrics=
for word; do
  case $word in
  incoming/*.out.json | */incoming/*.out.json | incoming/*.out.json.one | */incoming/*.out.json.one) out=$word ;;
  incoming/*.metrics.json* | */incoming/*.metrics.json*) metrics=$word ;;
  esac
done
[ -n "$out" ] || exec "$real" "$@"
name=\${out##*shard_}
shard=\${name%%.*}
attempt=\${name#*.}
attempt=\${attempt%%.*}
say() { echo "$1 $shard $attempt $$" >>"$here/fits.log"; }
${watchedFit(behaviour, `sed -n "s/^start $shard [0-9]* //p" "$here/fits.log"`)}
`;
}

/**
 * Returns the lines of sh of a replacement that fit a shard between "start" and "end" of its log, which `say` writes:
 * "double" if an earlier fit of the shard is alive.
 * @param pids command that prints the process ids of all fits of the shard so far
 */
export const watchedFit = (behaviour: string, pids: string): string =>
  `say start
for pid in $(${pids}); do
  [ "$pid" != $$ ] || continue
  case $(cut -d ' ' -f 3 "/proc/$pid/stat" 2>/dev/null) in
  '' | Z | X) ;;
  *) say double ;;
  esac
done
${behaviour}
"$real" "$@"
code=$?
say end
exit $code`;
