import * as z from "./schema/zod.ts";
import { Bounds } from "./schema/fit_quality.ts";

/** The parts of a spec that determine whether its observed data can be fitted; unsupported parts are left out. */
export interface SpecModel {
  poi: string;
  /** Names of all parameters, in the order of the spec. */
  parameters: readonly string[];
  bounds: ReadonlyMap<string, Bounds>;
  channels: ChannelYields[];
}

/** A channel whose observed events are the rows of one file, and the range of its yields within their bounds. */
interface ChannelYields {
  name: string;
  file: string;
  least: number;
  most: number;
}

const Spec = z.looseObject({
  model: z.looseObject({
    poi: z.string(),
    parameters: z.array(z.looseObject({ name: z.string(), bounds: z.optional(z.unknown()) })),
  }),
  channels: z.optional(z.array(z.unknown())),
});

// Strict, because one more member (a weight, a selection, a modifier) would change the number of events.
const Yield = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("fixed"), value: z.number() }),
  z.strictObject({ type: z.literal("parameter"), name: z.string() }),
  z.strictObject({ type: z.literal("scaled"), base_yield: z.number(), scale: z.string() }),
]);
type Yield = z.infer<typeof Yield>;

const Channel = z.looseObject({
  name: z.string(),
  include_in_fit: z.optional(z.literal(true)),
  data: z.strictObject({ file: z.string(), format: z.optional(z.literal("parquet")) }),
  processes: z.array(z.looseObject({ yield: Yield })),
});

/** Reads a parsed spec; null if this program does not understand it. */
export function readSpecModel(spec: unknown): SpecModel | null {
  const parsed = Spec.safeParse(spec);
  if (!parsed.success) return null;
  const { model, channels = [] } = parsed.data;
  const bounds = new Map(model.parameters.flatMap(({ name, bounds }) => {
    const known = Bounds.safeParse(bounds);
    return known.success ? [[name, known.data] as const] : [];
  }));
  return {
    poi: model.poi,
    parameters: model.parameters.map(({ name }) => name),
    bounds,
    channels: channels.flatMap((channel) => channelYields(channel, bounds) ?? []),
  };
}

function channelYields(value: unknown, bounds: ReadonlyMap<string, Bounds>): ChannelYields | null {
  const channel = Channel.safeParse(value);
  if (!channel.success) return null;
  const { name, data: { file }, processes } = channel.data;
  const ranges = processes.map((process) => yieldRange(process.yield, bounds));
  if (ranges.some((range) => range === null)) return null;
  const sum = (i: 0 | 1) => ranges.reduce((total, range) => total + (range?.[i] ?? 0), 0);
  return { name, file, least: sum(0), most: sum(1) };
}

function yieldRange(one: Yield, bounds: ReadonlyMap<string, Bounds>): Bounds | null {
  if (one.type === "fixed") return [one.value, one.value];
  if (one.type === "parameter") return bounds.get(one.name) ?? null;
  const range = bounds.get(one.scale);
  return range ? [one.base_yield * range[0], one.base_yield * range[1]] : null;
}

/** Returns every file that a spec names: the values of its `file` keys at any depth, sorted and unique. */
export function specFiles(spec: unknown): string[] {
  const found = new Set<string>();
  const open: { value: unknown; depth: number }[] = [{ value: spec, depth: 0 }];
  for (let one = open.pop(); one; one = open.pop()) {
    if (typeof one.value !== "object" || one.value === null) continue;
    if (one.depth > 200) throw new Error("is nested deeper than 200 levels");
    for (const [key, value] of Object.entries(one.value)) {
      if (key === "file" && typeof value === "string") found.add(value);
      else open.push({ value, depth: one.depth + 1 });
    }
  }
  return [...found].sort();
}
