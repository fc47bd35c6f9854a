import type { Pilot, PilotHost } from "./pilot.ts";
import type { PlanSlot } from "./makespan.ts";

/** So many slots of a host; the pilot may not have seen it. */
export interface HostSlots {
  host: string;
  slots: number;
}

/** The slots of the pilot run itself. */
export const pilotSlots = (pilot: Pilot): HostSlots[] => pilot.hosts.map(({ host, slots }) => ({ host, slots }));

/** `n` slots with the pilot's mixture of hosts. */
export function spreadSlots(pilot: Pilot, n: number): HostSlots[] {
  const all = pilot.hosts.reduce((sum, { slots }) => sum + slots, 0);
  let [given, seen] = [0, 0];
  return pilot.hosts.map(({ host, slots }) => {
    seen += slots;
    const share = Math.round(n * seen / all) - given;
    given += share;
    return { host, slots: share };
  });
}

/**
 * The slots of a plan, hosts in turn, each with its host's figures; one that the pilot has not seen gets those of the
 * pilot's host in the middle. They begin one after the other, as the pilot's did.
 */
export function planSlots(pilot: Pilot, hosts: readonly HostSlots[]): PlanSlot[] {
  const known = new Map(pilot.hosts.map((one) => [one.host, one]));
  const middle = pilot.hosts[Math.floor((pilot.hosts.length - 1) / 2)];
  const most = hosts.reduce((a, { slots }) => Math.max(a, slots), 0);
  const slots: PlanSlot[] = [];
  for (let round = 0; round < most; round++) {
    for (const { host, slots: n } of hosts) {
      const figures = known.get(host) ?? middle;
      if (round < n && figures) slots.push(planSlot(pilot, figures, slots.length));
    }
  }
  return slots;
}

const planSlot = ({ stagger_s, gap_s }: Pilot, { startup_s, toy_s }: PilotHost, at: number): PlanSlot => ({
  ready_s: at * stagger_s,
  startup_s,
  gap_s: gap_s ?? 0,
  toy_s,
});
