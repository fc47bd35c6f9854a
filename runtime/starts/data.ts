import { basename, join } from "node:path";
import { parquetReadObjects } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { errorText, FarmError } from "../../core/errors.ts";
import * as z from "../../core/schema/zod.ts";
import { specFiles, type SpecModel } from "../../core/spec.ts";
import { inputPath } from "../../core/staging.ts";
import {
  drawInit,
  type DrawnParameter,
  drawRows,
  keepsInit,
  type Peak,
  randomOf,
  withPeak,
} from "../../core/starts/draw.ts";
import { makeFolder, writeWhole } from "../fs/write.ts";

const Observable = z.looseObject({ name: z.string(), bounds: z.tuple([z.number(), z.number()]) });
const Channel = z.looseObject({
  name: z.string(),
  data: z.looseObject({ file: z.string() }),
  observables: z.array(Observable),
  processes: z.array(z.looseObject({ pdf: z.optional(z.unknown()), yield: z.unknown() })),
});
const Yield = z.union([
  z.object({ type: z.literal("fixed"), value: z.number() }),
  z.object({ type: z.literal("parameter"), name: z.string() }),
  z.object({ type: z.literal("scaled"), base_yield: z.number(), scale: z.string() }),
]);
const Parameter = z.looseObject({ name: z.string(), init: z.number(), bounds: z.tuple([z.number(), z.number()]) });
const Spec = z.looseObject({
  model: z.looseObject({ poi: z.string(), parameters: z.array(Parameter) }),
  channels: z.array(Channel),
});
type Spec = z.infer<typeof Spec>;

/** Observed data of a channel, and the number of events that its model expects. */
interface ChannelData {
  name: string;
  file: string;
  columns: string[];
  bounds: ReadonlyMap<string, readonly [number, number]>;
  rows: Record<string, number>[];
  expected: number;
  /** Its signal, where that is a peak. */
  peaks: Peak[];
}

/** A spec of which starts can be made. */
export interface StartsSource {
  config: string;
  spec: Spec;
  parameters: DrawnParameter[];
  channels: ChannelData[];
  /** Files that the spec names besides its data. */
  others: string[];
}

/**
 * Reads the data of a spec. @param point generation point, by parameter name
 * @throws {FarmError} input, where the data cannot be drawn from
 */
export async function readSource(
  config: string,
  spec: unknown,
  model: SpecModel | null,
  point: Readonly<Record<string, number>>,
): Promise<StartsSource> {
  const parsed = Spec.safeParse(spec);
  if (!parsed.success) {
    throw noStarts(config, "its parameters need an init and bounds, its channels data and observables");
  }
  const channels: ChannelData[] = [];
  for (const channel of parsed.data.channels) {
    if (!model?.channels.some(({ name }) => name === channel.name)) {
      throw noStarts(
        config,
        `the events of channel "${channel.name}" are not only the rows of one Parquet file (weights?)`,
      );
    }
    channels.push(await readChannel(config, channel, point, parsed.data.model.poi));
  }
  if (channels.length === 0) throw noStarts(config, "it has no channels");
  const data = new Set(channels.map(({ file }) => file));
  const others = specFiles(spec).filter((file) => !data.has(file));
  return { config, spec: parsed.data, parameters: parsed.data.model.parameters, channels, others };
}

async function readChannel(
  config: string,
  { name, data: { file }, observables, processes }: z.infer<typeof Channel>,
  point: Readonly<Record<string, number>>,
  poi: string,
): Promise<ChannelData> {
  const columns = observables.map((one) => one.name);
  const rows = await readRows(inputPath(config, file), columns).catch((error: unknown) => {
    throw noStarts(config, `"${file}" cannot be read: ${errorText(error)}`);
  });
  if (rows.length === 0) throw noStarts(config, `"${file}" of channel "${name}" has no rows`);
  for (const { name: column, bounds: [lo, hi] } of observables) {
    const odd = rows.find((row) => !((row[column] ?? NaN) >= lo && (row[column] ?? NaN) <= hi));
    if (!odd) continue;
    const value = odd[column];
    const what = value === undefined ? `has no column "${column}"` : `has ${column} = ${value}, outside [${lo}, ${hi}]`;
    throw noStarts(config, `"${file}" ${what}`);
  }
  const expected = processes.reduce((sum, process) => sum + yieldAt(config, process.yield, point), 0);
  const bounds = new Map(observables.map((one) => [one.name, one.bounds] as const));
  const peaks = processes.flatMap((process) => peakOf(process, poi) ?? []);
  return { name, file, columns, bounds, rows, expected: Math.max(1, Math.round(expected)), peaks };
}

/** A density whose first two parameters are the place and the width of a peak. */
const PeakPdf = z.looseObject({
  type: z.enum(["gaussian", "crystal_ball", "double_crystal_ball", "voigtian"]),
  observable: z.string(),
  params: z.array(z.string()).check(z.minLength(2)),
});

/** Returns the peak of a process that the POI scales; undefined where it is none. */
function peakOf(process: { pdf?: unknown; yield: unknown }, poi: string): Peak | undefined {
  const [{ data: pdf }, { data: one }] = [PeakPdf.safeParse(process.pdf), Yield.safeParse(process.yield)];
  if (!pdf || one?.type !== "scaled" || one.scale !== poi) return undefined;
  const [mean = "", sigma = ""] = pdf.params;
  return { column: pdf.observable, mean, sigma, base_yield: one.base_yield };
}

async function readRows(path: string, columns: string[]): Promise<Record<string, number>[]> {
  const bytes = await Deno.readFile(path);
  const rows = await parquetReadObjects({ file: bytes.buffer, columns });
  return rows.map((row) =>
    Object.fromEntries(columns.flatMap((name) => typeof row[name] === "number" ? [[name, row[name]]] : []))
  );
}

/** Returns the events that a process is expected to have at the generation point. */
function yieldAt(config: string, value: unknown, point: Readonly<Record<string, number>>): number {
  const { data: one } = Yield.safeParse(value);
  if (one?.type === "fixed") return one.value;
  if (one?.type === "parameter") return point[one.name] ?? 0;
  if (one?.type === "scaled") return one.base_yield * (point[one.scale] ?? 0);
  throw noStarts(config, "the yield of a process is neither fixed, a parameter, nor scaled by one");
}

const noStarts = (config: string, why: string): FarmError =>
  new FarmError(
    "input",
    `Cannot make starts for "${config}": ${why}`,
    "Correct the spec or its data, or leave --starts out",
  );

/** Returns the data files of a start. */
export const dataFilesOf = ({ channels }: StartsSource, name: string): string[] =>
  channels.map((_, i) => channels.length === 1 ? `${name}.parquet` : `${name}_${i}.parquet`);

/**
 * Writes the spec and data of a candidate: rows of each channel drawn with replacement, as many as the model expects, with
 * a peak at the drawn values at which their fit begins. @returns the path of the spec
 */
export function writeCandidate(
  dir: string,
  source: StartsSource,
  { seed, candidate, name }: { seed: number; candidate: number; name: string },
): string {
  makeFolder(dir);
  const random = randomOf(seed, candidate);
  const files = dataFilesOf(source, name);
  const { spec: { model, ...spec }, channels, parameters } = source;
  const init = keepsInit(candidate) ? {} : drawInit(parameters, model.poi, random);
  for (const [i, channel] of channels.entries()) {
    const rows = drawData(channel, init, model.poi, random);
    const columnData = channel.columns.map((column) => ({
      name: column,
      data: Float64Array.from(rows, (row) => row[column] ?? 0),
      type: "DOUBLE" as const,
    }));
    writeWhole(join(dir, files[i] ?? ""), new Uint8Array(parquetWriteBuffer({ columnData })));
  }
  const renamed = new Map(source.others.map((file, i) => [file, `file_${i}_${basename(file)}`]));
  for (const [file, to] of renamed) Deno.copyFileSync(inputPath(source.config, file), join(dir, to));
  const own = {
    ...spec,
    model: { ...model, parameters: model.parameters.map((one) => ({ ...one, init: init[one.name] ?? one.init })) },
    channels: spec.channels.map((channel, i) => ({ ...channel, data: { ...channel.data, file: files[i] } })),
  };
  const path = join(dir, `${name}.json`);
  writeWhole(path, JSON.stringify(withFiles(own, renamed), null, 2) + "\n");
  return path;
}

/** Draws the rows of a channel, with its peaks at the drawn values of their parameters; where none are drawn, without. */
function drawData(
  { rows, expected, bounds, peaks }: ChannelData,
  init: Readonly<Record<string, number>>,
  poi: string,
  random: () => number,
): Record<string, number>[] {
  let drawn = drawRows(rows.length, expected, random).map((row) => rows[row] ?? {});
  for (const peak of peaks) {
    const [mean, sigma, within] = [init[peak.mean], init[peak.sigma], bounds.get(peak.column)];
    if (mean === undefined || sigma === undefined || !within) continue;
    drawn = withPeak(drawn, peak, { mean, sigma, poi: init[poi] ?? 0, bounds: within }, random).reverse();
  }
  return drawn;
}

/** Returns the names of the files that a start shares with the others. */
export const sharedFilesOf = ({ others }: StartsSource): string[] =>
  others.map((file, i) => `file_${i}_${basename(file)}`);

function withFiles(value: unknown, renamed: ReadonlyMap<string, string>): unknown {
  if (renamed.size === 0) return value;
  return JSON.parse(JSON.stringify(value), (key, one: unknown) => {
    return key === "file" && typeof one === "string" ? renamed.get(one) ?? one : one;
  });
}
