// @ts-types="@types/d3-scale"
import { scaleLinear } from "d3-scale";
import { FAILURES } from "../../failure.ts";
import { duration, plural } from "../../format.ts";
import { doneShards, type FailedAttempt, type RunFacts, type ShardFacts, type Span } from "../../run_facts.ts";
import { freeMs } from "../../run_times.ts";
import { tailOf } from "../../sweep/measures.ts";
import { type Figure, type Frame, markLines, Markup, markup, plot, px, type Scale, xAxis, xRange } from "../plot.ts";
import { HOST_COLOURS } from "../theme.ts";

/** An attempt, and the lane of its host on which it is drawn. */
interface Placed<T extends { span: Span }> {
  what: T;
  lane: number;
}

interface HostLanes<T extends { span: Span }> {
  host: string;
  lanes: number;
  placed: Placed<T>[];
}

/** Distributes a host's attempts over as few lanes as possible: each takes the first lane that is free at its start. */
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

/** Number of shards above which each host has one path, without a title for each shard. */
const MAX_TITLES = 2000;
const MAX_HEIGHT = 900;

type Drawn = { span: Span; shard: ShardFacts; attempt?: undefined } | { span: Span; attempt: FailedAttempt };

/** Returns every attempt by host and slot over time; null if no times are known. */
export function gantt(run: RunFacts): Figure | null {
  const done = doneShards(run).flatMap((shard): Drawn[] => shard.span ? [{ span: shard.span, shard }] : []);
  const failed = run.failed_attempts.map((attempt): Drawn => ({ span: attempt.span, attempt }));
  const drawn = [...done, ...failed];
  if (drawn.length === 0) return null;
  const hosts = hostLanes(drawn);
  const n_lanes = hosts.reduce((sum, { lanes }) => sum + lanes, 0);
  const [lane, between] = laneHeights(n_lanes, hosts.length);
  const frame = frameOf(hosts, n_lanes * lane + (hosts.length - 1) * between);
  const [first, last] = [
    least(drawn.map(({ span }) => span.started_ms)),
    most(drawn.map(({ span }) => span.finished_ms)),
  ];
  const x = scaleLinear([0, Math.max(0.001, (last - first) / 1000)], xRange(frame));
  let y = frame.top;
  const rows = hosts.map((host, i) => {
    const row = hostRow(host, {
      frame,
      x,
      y,
      lane,
      first,
      colour: i % HOST_COLOURS,
      plain: drawn.length > MAX_TITLES,
    });
    y += host.lanes * lane + between;
    return row;
  });
  const red = failed.length > 0 ? `; red: ${plural(failed.length, "attempt")} without a result` : "";
  const words = {
    ...{ name: "gantt", title: "Shards by host and slot", is_wide: true },
    what: "Gantt chart, a bar for each shard; the table of shards has its times.",
    caption: `${done.length} shards on ${plural(hosts.length, "host")}, ${n_lanes} slots${red}.`,
    numbers: failedNumbers(run.failed_attempts, first),
  };
  return plot(frame, words, [
    ...rows,
    ...tailMark(run, frame, x),
    xAxis(frame, { scale: x, label: "seconds since the first start" }),
  ]);
}

/** More attempts make a table that nobody reads. */
const MAX_ATTEMPTS = 200;

/** The table of shards has those with a result. */
function failedNumbers(attempts: readonly FailedAttempt[], first_ms: number): Figure["numbers"] {
  if (attempts.length === 0) return null;
  const rows = attempts.slice(0, MAX_ATTEMPTS).map(({ shard_index, cause, span }) => [
    ...[`${shard_index}`, span.host, FAILURES[cause].words],
    ...[span.started_ms - first_ms, span.finished_ms - span.started_ms].map((ms) => (ms / 1000).toFixed(2)),
  ]);
  return { head: ["shard", "host", "attempt without a result", "start (s)", "wall (s)"], rows };
}

function laneHeights(lanes: number, hosts: number): [number, number] {
  const between = hosts > 60 ? 1 : 6;
  return [Math.max(1.2, Math.min(20, (MAX_HEIGHT - hosts * between) / lanes)), between];
}

/** Makes room for the hosts' names, within limits. */
function frameOf(hosts: readonly HostLanes<Drawn>[], rows: number): Frame {
  const longest = hosts.reduce((length, { host }) => Math.max(length, Math.min(NAME, host.length)), 0);
  const frame = { width: 1080, left: 20 + longest * 7, right: 20, top: 24, bottom: 42 };
  return { ...frame, height: frame.top + rows + 8 + frame.bottom };
}

const NAME = 24;
const cut = (name: string) => name.length > NAME ? `${name.slice(0, NAME - 1)}…` : name;

interface Row {
  frame: Frame;
  x: Scale;
  y: number;
  lane: number;
  first: number;
  colour: number;
  /** Whether shards have no titles. */
  plain: boolean;
}

function hostRow({ host, lanes, placed }: HostLanes<Drawn>, row: Row): Markup {
  const { frame, y, lane, colour, plain } = row;
  const middle = y + lanes * lane / 2 + 4;
  const name = lanes * lane >= 9
    ? markup`<text class="small" x="${px(frame.left - 8)}" y="${px(middle)}" text-anchor="end">${cut(host)}${
      cut(host) === host ? null : markup`<title>${host}</title>`
    }</text>`
    : null;
  const good = placed.filter(({ what }) => what.attempt === undefined);
  const bad = placed.filter(({ what }) => what.attempt !== undefined);
  const marks = plain
    ? [onePath(good, row, `c${colour}`), onePath(bad, row, "bad")]
    : placed.map((one) => rectangle(one, row));
  return markup`<g>${name}${marks}</g>`;
}

function box({ what: { span }, lane: at }: Placed<Drawn>, { x, y, lane, first }: Row) {
  const left = x((span.started_ms - first) / 1000);
  const width = Math.max(0.4, x((span.finished_ms - first) / 1000) - left);
  return { left, width, top: y + at * lane, height: lane > 4 ? lane - 1.5 : lane * 0.9 };
}

function onePath(placed: readonly Placed<Drawn>[], row: Row, colour: string): Markup | null {
  if (placed.length === 0) return null;
  const d = placed.map((one) => {
    const { left, top, width, height } = box(one, row);
    return `M${px(left)} ${px(top)}h${px(width)}v${px(height)}h-${px(width)}z`;
  }).join("");
  return markup`<path class="mark gap" fill="var(--${colour})" d="${new Markup(d)}"/>`;
}

function rectangle(one: Placed<Drawn>, row: Row): Markup {
  const { left, top, width, height } = box(one, row);
  const { what } = one;
  const s = duration((what.span.finished_ms - what.span.started_ms) / 1000);
  const words = what.attempt
    ? `shard ${what.attempt.shard_index}: ${what.attempt.cause} after ${s} on ${what.span.host}`
    : `shard ${what.shard.shard_index}: ${what.shard.n_toys} toys in ${s} on ${what.span.host}`;
  const fill = what.attempt ? "bad" : `c${row.colour}`;
  return markup`<rect class="mark gap" fill="var(--${fill})" x="${px(left)}" y="${px(top)}" width="${
    px(width)
  }" height="${px(height)}"><title>${words}</title></rect>`;
}

/** Marks the time since when half of the slots were idle, if it is long. */
function tailMark(run: RunFacts, frame: Frame, x: Scale): Markup[] {
  const tail = tailOf(run);
  if (!tail || tail.tail_s < 0.05 * tail.makespan_s) return [];
  const share = (100 * tail.tail_s / tail.makespan_s).toFixed(0);
  const words = `half of the slots idle in the last ${share} % of the time`;
  const above = { ...frame, top: frame.top - 10 };
  return markLines(above, x, [{ value: tail.makespan_s - tail.tail_s, words, colour: "ink" }]);
}

const least = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b), Infinity);
const most = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b), -Infinity);
