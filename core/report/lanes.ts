import type { Span } from "../run_facts.ts";
import { freeMs } from "../times.ts";

/** Something that ran, and the lane of its host on which it is drawn. */
export interface Placed<T extends { span: Span }> {
  what: T;
  lane: number;
}

export interface HostLanes<T extends { span: Span }> {
  host: string;
  lanes: number;
  placed: Placed<T>[];
}

/** Puts what ran on each host onto as few lanes as it needs: each on the first lane that is free when it begins. */
export function hostLanes<T extends { span: Span }>(spans: readonly T[]): HostLanes<T>[] {
  const hosts = Map.groupBy(spans, ({ span }) => span.host);
  return [...hosts].map(([host, all]) => ({ host, ...onLanes(all) })).sort((a, b) => a.host < b.host ? -1 : 1);
}

function onLanes<T extends { span: Span }>(all: readonly T[]): Omit<HostLanes<T>, "host"> {
  const ends: number[] = [];
  const placed = all.toSorted((a, b) => a.span.started_ms - b.span.started_ms).map((what) => {
    const free = ends.findIndex((end) => end <= what.span.started_ms);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = freeMs(what.span);
    return { what, lane };
  });
  return { lanes: ends.length, placed };
}
