import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readText } from "./farm.ts";

/** Slurm's programs as stand-ins found through PATH: jobs are lines of a file, and none ever runs by itself. */
export interface FakeSlurm {
  /** What the program needs in its environment. */
  env: Record<string, string>;
  /** Sets what sbatch does once it has queued a job: lines of sh that know $id and $n (1 for the first call). */
  onSubmit(lines: string): Promise<void>;
  /** The same before it queues it. */
  beforeSubmit(lines: string): Promise<void>;
  /** The ids of jobs that are in the queue. */
  queued(): Promise<string[]>;
  /** Sets the state of all jobs. */
  setState(state: string): Promise<void>;
  /** Makes the file "$here/NAME". */
  mark(name: string): Promise<void>;
  read(name: string): Promise<string>;
  write(name: string, text: string): Promise<void>;
  /** Replaces a program by these lines of sh. */
  replace(program: string, lines: string): Promise<void>;
}

const PROGRAMS: Record<string, string> = {
  sbatch: `n=$(($(cat "$here/calls" 2>/dev/null || echo 0) + 1)); echo "$n" >"$here/calls"
for word; do case $word in --job-name=*) name=\${word#*=} ;; --array=*) tasks=\${word#*=} ;; esac; done
id=$((100 + n))
. "$here/before"
echo "$id $name $tasks" >>"$here/queue"
. "$here/after"
echo "$id"`,
  // A header only where it is asked for, and one line for each of a job's tasks, which are few and without gaps.
  squeue: `format='' header=yes
for word; do case $word in --format=*) format=\${word#*=} ;; --noheader) header= ;; esac; done
state=$(cat "$here/state")
case $format in
*%i*) [ ! "$header" ] || echo "nsfarm|JOBID|STATE|REASON|NODELIST|COMMENT|NAME" ;;
*) [ ! "$header" ] || echo "nsfarm|ARRAY_JOB_ID|COMMENT|NAME" ;;
esac
while read -r id name tasks; do
  case $format in
  *%i*) for task in $(seq "\${tasks%%[-%]*}" "$(echo "\${tasks%\\%*}" | sed 's/.*-//')"); do
    echo "nsfarm|\${id}_$task|$state|None|n1|(null)|$name"; done ;;
  *) echo "nsfarm|$id|(null)|$name" ;;
  esac
done <"$here/queue"`,
  // By an id, or all of a name (exit 0 where there is none).
  scancel: `for word; do case $word in --name=*) name=\${word#*=} ;; --*) ;; *) id=$word ;; esac; done
[ "$id" ] || { sed -i "/ $name /d" "$here/queue"; exit 0; }
id=\${id%%_*}
grep -q "^$id " "$here/queue" || { echo "scancel: error: Kill job error on job id $id: Invalid job id specified" >&2; exit 1; }
sed -i "/^$id /d" "$here/queue"`,
  scontrol: `echo "MaxArraySize = 5"; echo "ClusterName = $(cat "$here/cluster")"`,
  sinfo: "",
  sacct: "exit 1",
  sacctmgr: "exit 1",
};

export async function fakeSlurm(folder: string): Promise<FakeSlurm> {
  const here = join(folder, "fake-slurm");
  const bin = join(here, "bin");
  await mkdir(bin, { recursive: true });
  const write = (name: string, text: string) => writeFile(join(here, name), `${text}\n`);
  const replace = (program: string, lines: string) =>
    writeFile(join(bin, program), `#!/bin/sh\nhere='${here}'\n${lines}\n`, { mode: 0o755 });
  for (const [program, lines] of Object.entries(PROGRAMS)) await replace(program, lines);
  await Promise.all([write("before", ":"), write("after", ":"), write("state", "PENDING"), write("cluster", "one")]);
  await writeFile(join(here, "queue"), "");
  return {
    env: { PATH: `${bin}:${Deno.env.get("PATH") ?? ""}` },
    onSubmit: (lines) => write("after", lines),
    beforeSubmit: (lines) => write("before", lines),
    queued: async () => (await readText(join(here, "queue"))).split("\n").flatMap((line) => line.split(" ")[0] || []),
    setState: (state) => write("state", state),
    mark: (name) => write(name, ""),
    write,
    read: (name) => readText(join(here, name)),
    replace,
  };
}
