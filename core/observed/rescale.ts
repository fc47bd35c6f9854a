import { isObject } from "../quick_check.ts";
import { poiRange, withStart, type Workspace, workspacePoi, type WorkspaceSample } from "./workspace.ts";

/** Modifiers whose data are events of their sample, which are scaled with it. */
const OF_EVENTS = new Set(["histosys", "staterror", "shapesys"]);

/** Modifiers whose uncertainty may be that of several samples together. */
const SHARED = new Set(["staterror", "shapesys"]);

const poiOf = ({ modifiers = [] }: WorkspaceSample, poi: string) =>
  modifiers.filter(({ name, type }) => name === poi && type === "normfactor");

/**
 * Returns why the signal of a workspace cannot be rescaled without changing the model; null: it can. It is the samples
 * that the POI scales.
 */
export function rescaleFault(workspace: Workspace): string | null {
  const poi = workspacePoi(workspace);
  const samples = workspace.channels.flatMap(({ samples }) => samples);
  const signals = samples.filter((sample) => poiOf(sample, poi).length > 0);
  if (signals.length === 0) return `no sample has the normfactor "${poi}"`;
  const isOther = (sample: WorkspaceSample) =>
    (sample.modifiers ?? []).some(({ name, type }) => name === poi && type !== "normfactor");
  if (samples.some(isOther) || signals.some((sample) => poiOf(sample, poi).length > 1)) {
    return `"${poi}" scales a sample in another way than as one normfactor`;
  }
  if (poiRange(workspace).is_fixed) return `"${poi}" is fixed`;
  const others = new Set(
    samples.filter((sample) => !signals.includes(sample)).flatMap(({ modifiers = [] }) => modifiers).map(({ name }) =>
      name
    ),
  );
  const shared = signals.flatMap(({ modifiers = [] }) => modifiers)
    .find(({ name, type }) => SHARED.has(type) && others.has(name));
  return shared ? `its ${shared.type} "${shared.name}" is of the signal and of other samples together` : null;
}

/**
 * Returns a workspace with the events of the signal divided by `scale`, and start and bounds of the POI multiplied by it:
 * the same model and the same toys, but other starts of their fits, which begin at a value of the POI.
 */
export function rescaled(workspace: Workspace, scale: number): Workspace {
  const poi = workspacePoi(workspace);
  const channels = workspace.channels.map((channel) => ({
    ...channel,
    samples: channel.samples.map((sample) => poiOf(sample, poi).length > 0 ? scaledSample(sample, scale) : sample),
  }));
  const { init, bounds: [lo, hi] } = poiRange(workspace);
  return withStart({ ...workspace, channels }, {
    inits: { [poi]: [init * scale] },
    bounds: { [poi]: [[lo * scale, hi * scale]] },
  });
}

const scaledSample = (sample: WorkspaceSample, scale: number): WorkspaceSample => ({
  ...sample,
  data: sample.data.map((events) => events / scale),
  ...(sample.modifiers
    ? {
      modifiers: sample.modifiers.map((one) =>
        OF_EVENTS.has(one.type) ? { ...one, data: scaledEvents(one.data, scale) } : one
      ),
    }
    : {}),
});

/** Divides each number at any depth: events of a bin, or lists of them by name. */
function scaledEvents(data: unknown, scale: number): unknown {
  if (typeof data === "number") return data / scale;
  if (Array.isArray(data)) return data.map((one: unknown) => scaledEvents(one, scale));
  if (!isObject(data)) return data;
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, scaledEvents(value, scale)]));
}
