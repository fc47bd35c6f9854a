/** Which fault on which backend was survived how often, as docs/faults.md shows it. */

import type { Round } from "./round.ts";

/** How each fault is provoked, and what then happens. */
const FAULTS: Record<string, [provoked: string, then: string]> = {
  "kill the driver": ["SIGKILL to `run`", "what it began goes on; the same command finds it again"],
  "stop the driver": ["SIGSTOP to `run`, SIGCONT later", "other drivers leave its shards to it; it goes on"],
  "terminate the driver": [
    "SIGTERM to `run`",
    "local and ssh fits are stopped and given back; jobs of a scheduler go on",
  ],
  "start a second driver": ["the same `run` once more", "both share the work; each shard is committed once"],
  "kill a fit": ["SIGKILL to one nextstat", "the attempt ends with cause `signal`; the shard is tried again"],
  "stop a fit": ["SIGSTOP to one nextstat, SIGCONT later", "it is waited for"],
  "look with status": ["`status` meanwhile", "it takes in what has ended, and nothing is told twice"],
  "look with collect": ["`collect` meanwhile", "the same; the manifest keeps every change"],
  "flip a byte": [
    "one byte of a committed output changed",
    "the sum tells; the file goes to `aside/`, the shard is run again",
  ],
  "cut an output": ["a committed output truncated", "the same"],
  "remove a record": ["a committed record deleted", "the output is checked and gets a record again"],
  "fill the disk of a fit": [
    "nextstat says that no space is left",
    "cause `disk`: a local loop stops, a host is set aside; the same command goes on",
  ],
  "kill all processes": [
    "SIGKILL to driver and fits at once",
    "the attempts get their ends, and the shards are run again",
  ],
  "drop the connections of a host": [
    "sshd and its sessions killed, sshd back later",
    "the shards there run on and are found again",
  ],
  "kill all on a host": [
    "everything on one host killed, sshd back later",
    "its shards are run again, there or elsewhere",
  ],
  "kill the wrapper of a fit": ["SIGKILL to the sh wrapper", "its fit is ended too, and the shard is tried again"],
  "cancel a job": ["`scancel` of one task", "state `cancelled`; the same command submits the shard again"],
  "requeue a job": ["`scontrol requeue` of one task", "it runs once more; the first valid result stands"],
  "hold a job": ["hold, released later", "it is waited for, or replaced by `retry`"],
  "kill slurmctld": ["SIGKILL to slurmctld, started later", "nothing is submitted twice; it is asked again"],
  "kill a node": ["everything on one node killed, started later", "its shards are lost, and submitted again"],
  "remove a job": ["`condor_rm` of one job", "state `cancelled`; the same command submits the shard again"],
  "vacate a job": ["`condor_vacate_job` of one job", "it runs once more"],
  "kill the schedd": ["SIGKILL to the schedd, started later", "nothing is submitted twice; it is asked again"],
  "delete a task": ["`qdel -t` of one task", "the same command submits the shard again"],
  "delete a job": ["`qdel` of a whole job", "the same"],
};

/** What came of one backend's rounds. */
export interface BackendRounds {
  name: string;
  passed: Round[];
  failed: number;
}

/** The page; a cell says in how many rounds a fault was made, all of which became whole unless failures are named. */
export function faultsPage(backends: readonly BackendRounds[]): string {
  const timesOf = ({ passed }: BackendRounds, kind: string) =>
    passed.flatMap(({ steps }) => steps).filter((step) => step.kind === kind).length;
  const made = new Set(backends.flatMap(({ passed }) => passed.flatMap(({ steps }) => steps.map(({ kind }) => kind))));
  const unknown = [...made].filter((kind) => !(kind in FAULTS));
  if (unknown.length > 0) throw new Error(`no row of the page tells of: ${unknown.join(", ")}`);
  const rows = Object.entries(FAULTS).filter(([kind]) => made.has(kind)).map(([kind, texts]) => {
    return [kind, ...texts, ...backends.map((one) => `${timesOf(one, kind) || "–"}`)];
  });
  const head = ["fault", "how it is provoked", "what happens", ...backends.map(({ name }) => name)];
  const table = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  const sums = backends.map(({ name, passed, failed }) => `- ${name}: ${passed.length} of ${passed.length + failed}`);
  return `# Faults

Made by \`./dev chaos --backend all --page\`: random schedules of one to eight faults on the real thing, then the same
command until the run is whole. A number says how often a fault was made in rounds that became whole: exit 0, the merged
toys those of one unsharded run to 1e-12, committed files untouched, no attempt without an end, no process, claim or
temporary file left. \`./dev chaos --backend NAME --rounds N --seed S\` repeats any of them.

${table}

Rounds that became whole:

${sums.join("\n")}
`;
}
