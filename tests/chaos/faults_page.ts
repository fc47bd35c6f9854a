/** Which fault on which backend was survived how often, as docs/faults.md shows it. */
import type { RoundLine } from "./rounds_log.ts";

/** How each fault is provoked, and what happens then. */
const FAULTS: Record<string, [provoked: string, then: string]> = {
  "kill the driver": ["SIGKILL to `run`", "what it began goes on; the same command finds it again"],
  "stop the driver": ["SIGSTOP to `run`, SIGCONT up to 2.5 s later", "it goes on where it was"],
  "terminate the driver": [
    "SIGTERM to `run`",
    "fits of this machine and of hosts are ended and their shards given back; jobs of a scheduler go on",
  ],
  "start a second driver": ["the same `run` once more", "both share the work; each shard is committed once"],
  "look with status": ["`status` meanwhile", "it takes in what has ended"],
  "look with collect": ["`collect` meanwhile", "the same; the manifest keeps every change"],
  pause: ["`pause` meanwhile", "no new fit starts until `resume`; none that runs is lost"],
  resume: ["`resume` meanwhile", "jobs that the pause held are released, and no others"],
  throttle: ["`throttle` to 1, 2 or 3 fits, or off", "fewer fits at a time; those that run go on"],
  "add a pilot": ["`pilots +1` meanwhile", "it joins in"],
  "take a pilot": ["`pilots -1` meanwhile", "one that waits is cancelled, or one that runs ends after its present fit"],
  "kill a fit": ["SIGKILL to one nextstat", "the attempt ends with cause `signal`; the shard is run again"],
  "stop a fit": ["SIGSTOP to one nextstat, SIGCONT 1.5 s later", "it is waited for"],
  "kill what runs a fit": [
    "SIGKILL to the process that started one nextstat: `job`, a pilot, or the sh wrapper",
    "the attempt ends as lost when its fit has ended too, and the shard is run again",
  ],
  "flip a byte": [
    "one byte of a committed output changed",
    "its sha256 no longer fits: the file goes to `aside/`, and the shard is run again",
  ],
  "cut an output": ["a committed output truncated", "the same"],
  "remove a record": ["a committed record deleted", "the output is checked and gets a record again"],
  "fill the disk of a fit": [
    "nextstat says that no space is left",
    "cause `disk`: a local run stops, a host is set aside; the same command goes on",
  ],
  "fill the disk of the run": [
    "the file system of the run directory full for up to 1.8 s",
    "nothing half-written gets its name; what cannot be written is an error, and the same command goes on",
  ],
  "kill all processes": [
    "SIGKILL to drivers, jobs and fits, and to the daemons of all nodes and of the scheduler, at once",
    "the attempts end as lost, and their shards are run again",
  ],
  "drop the connections of a host": [
    "SIGKILL to sshd and its sessions, sshd back up to 1.8 s later",
    "the shards there run on and are found again",
  ],
  "silence the connections of a host": [
    "SIGSTOP to sshd and its sessions, SIGCONT up to 6 s later",
    "its shards run on; the other hosts go on meanwhile",
  ],
  "kill all on a host": [
    "SIGKILL to all on one host, sshd back 0.3 s later",
    "its shards are run again, there or elsewhere",
  ],
  "cancel a job": ["`scancel`, `condor_rm` or `qdel` of one job", "the same command submits its shard again"],
  "cancel all jobs": ["the same of all jobs", "the same command submits what has no result"],
  "requeue a job": [
    "`scontrol requeue`, `condor_vacate_job` or `qmod -rj` of one job",
    "it runs once more; the first valid result stands; a run that is whole cancels it",
  ],
  "hold a job": ["one job held, released 3 s later", "it is waited for"],
  "kill the scheduler": [
    "SIGKILL to slurmctld, the schedd or the qmaster, back up to 3.5 s later",
    "it is asked again; nothing is submitted twice",
  ],
  "stop the scheduler": ["SIGSTOP to the same, SIGCONT up to 8.5 s later", "the same: answers that come late or never"],
  "kill a node": [
    "SIGKILL to all on one node, its daemon back up to 2.5 s later",
    "its shards are run again, by the scheduler or by the same command",
  ],
  "kill the daemon of a node": [
    "SIGKILL to slurmd, the startd or the execd alone, back up to 2.5 s later",
    "the jobs run on where the scheduler lets them, or are run again",
  ],
};

/**
 * Returns the page: a cell gives the number of times that a fault was made in rounds whose run became whole.
 * @throws Error if a fault has no row
 */
export function faultsPage(rounds: readonly RoundLine[]): string {
  const whole = rounds.filter((round) => round.whole);
  const hits = whole.flatMap(({ backend, steps }) =>
    steps.filter(({ isHit }) => isHit).map(({ kind }) => ({ backend, kind }))
  );
  const names = [...new Set(rounds.map(({ backend }) => backend))];
  const made = new Set(hits.map(({ kind }) => kind));
  const unknown = [...made].filter((kind) => !(kind in FAULTS));
  if (unknown.length > 0) throw new Error(`no row of the page tells of: ${unknown.join(", ")}`);
  const timesOf = (name: string, kind: string) =>
    hits.filter((hit) => hit.backend === name && hit.kind === kind).length;
  const countOf = (name: string, all: readonly RoundLine[]) => all.filter(({ backend }) => backend === name).length;
  const kinds = Object.entries(FAULTS).filter(([kind]) => made.has(kind));
  const counts = table([
    ["fault", ...names],
    ...kinds.map(([kind]) => [kind, ...names.map((name) => `${timesOf(name, kind) || "–"}`)]),
    ["**rounds**", ...names.map((name) => `${countOf(name, rounds)}`)],
    ["**became whole**", ...names.map((name) => `${countOf(name, whole)}`)],
  ]);
  const texts = table([
    ["fault", "how it is provoked", "what happens"],
    ...kinds.map(([kind, words]) => [kind, ...words]),
  ]);
  return `# Faults

Made by \`./dev chaos --page\`. A round is a run of 48 toys in 16 shards on the real thing, under a random schedule of
one to eight faults. Then the same \`run\` command is given until it exits 0. A round counts as whole when at most 12
commands were needed, none of which hung, and

- the merged toys are those of one unsharded run to 1e-12,
- committed files that no fault had damaged are the same files (inodes) as before,
- no shard was ever fitted twice at the same time,
- no attempt lacks an end, and no process, job, claim or temporary file is left.

\`./dev chaos --backend NAME --rounds N --seed S\` makes rounds, or one of them again by its seed; of a seed the last
round counts. A fault without a number was not met by a run in these rounds.

## How often each was survived

How often a fault was made, and had something to act on, in rounds that became whole:

${counts}

## What each is

${texts}
`;
}

const table = ([head = [], ...rows]: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
