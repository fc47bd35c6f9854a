/** Backends without a scheduler, by the machines of their slots; all documents use these names. */
export const WORKER_BACKENDS = { machine: "local", hosts: "ssh" } as const;

/** Machines on which a worker loop has its slots: this one, or hosts behind ssh. */
export type SlotsOn = keyof typeof WORKER_BACKENDS;

export const DEFAULT_BACKEND: string = WORKER_BACKENDS.machine;

/** Returns where a worker loop had its slots, by a document's scheduler; undefined: it is a batch scheduler. */
export function slotsOn(scheduler: string): SlotsOn | undefined {
  if (scheduler === WORKER_BACKENDS.machine) return "machine";
  return scheduler === WORKER_BACKENDS.hosts ? "hosts" : undefined;
}

export const slotName = (executor: string, i: number): string => `${executor}:${i}`;

export const executorOf = (slot: string): string => slot.replace(/:\d+$/, "");
