/** The backends that are no schedulers, by where their worker loop has its slots; the names are in every document. */
export const WORKER_BACKENDS = { machine: "local", hosts: "ssh" } as const;

/** Where a worker loop of ours has its slots: this machine, or hosts behind ssh. */
export type SlotsOn = keyof typeof WORKER_BACKENDS;

/** What runs the shards where nobody says. */
export const DEFAULT_BACKEND: string = WORKER_BACKENDS.machine;

/** Returns where a worker loop had the slots of what a document says of a scheduler; undefined: it is a batch scheduler. */
export function slotsOn(scheduler: string): SlotsOn | undefined {
  if (scheduler === WORKER_BACKENDS.machine) return "machine";
  return scheduler === WORKER_BACKENDS.hosts ? "hosts" : undefined;
}
