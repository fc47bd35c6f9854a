import { randomLcg, randomPoisson } from "d3-random";

/** A pyhf workspace, as far as the generator writes it. */
export interface RandomWorkspace {
  channels: { name: string; samples: Sample[] }[];
  observations: { name: string; data: number[] }[];
  measurements: { name: string; config: { poi: string; parameters: Parameter[] } }[];
  version: string;
}

interface Sample {
  name: string;
  data: number[];
  modifiers: { name: string; type: string; data: unknown }[];
}

interface Parameter {
  name: string;
  inits?: number[];
  bounds?: [number, number][];
  auxdata?: number[];
  sigmas?: number[];
}

/**
 * Returns a workspace of 1 to 5 bins and 1 to 3 backgrounds with normsys, histosys, staterror or shapesys, and lumi; the
 * POI within 0 and 10, from 1. Its observed events are drawn with a signal between 0 and 1.2 of the nominal.
 */
export function randomWorkspace(seed: number): RandomWorkspace {
  const random = randomLcg((seed * 0.6180339887498949) % 1);
  const within = (lo: number, hi: number) => lo + (hi - lo) * random();
  const times = <T>(n: number, of: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => of(i));
  const n_bins = 1 + Math.floor(5 * random());
  const n_backgrounds = 1 + Math.floor(3 * random());
  const has_lumi = random() < 0.3;
  const of_bins = ["none", "staterror", "shapesys"][Math.floor(3 * random())];
  const lumi = has_lumi ? [{ name: "lumi", type: "lumi", data: null }] : [];
  const normsys = (name: string) => {
    const size = within(0.02, 0.2);
    return { name, type: "normsys", data: { hi: 1 + size, lo: 1 - size * within(0.7, 1) } };
  };
  const backgrounds = times(n_backgrounds, (b): Sample => {
    const data = times(n_bins, () => within(5, 100));
    const shift = data.map(() => within(-0.15, 0.15));
    return {
      name: `background_${b}`,
      data,
      modifiers: [
        ...(random() < 0.8 ? [normsys(`norm_${b}`)] : []),
        ...(random() < 0.4
          ? [{
            name: `shape_${b}`,
            type: "histosys",
            data: {
              hi_data: data.map((n, i) => n * (1 + (shift[i] ?? 0))),
              lo_data: data.map((n, i) => n * (1 - (shift[i] ?? 0))),
            },
          }]
          : []),
        ...(of_bins === "staterror"
          ? [{ name: "stat", type: "staterror", data: data.map((n) => n * within(0.02, 0.12)) }]
          : []),
        ...(of_bins === "shapesys" && b === 0
          ? [{ name: "bins", type: "shapesys", data: data.map((n) => n * within(0.02, 0.15)) }]
          : []),
        ...lumi,
      ],
    };
  });
  const signal = {
    name: "signal",
    data: times(n_bins, () => within(2, 30)),
    modifiers: [
      { name: "mu", type: "normfactor", data: null },
      ...(random() < 0.4 ? [normsys("signal_norm")] : []),
      ...lumi,
    ],
  };
  const strength = random() < 0.4 ? 0 : within(0, 1.2);
  // Systematic shifts of the truth: data that pull nuisance parameters.
  const tilt = random() < 0.25 ? within(0.6, 1.4) : within(0.85, 1.15);
  const observed = times(n_bins, (i) => {
    const mean = strength * (signal.data[i] ?? 0) +
      tilt * backgrounds.reduce((sum, { data }) => sum + (data[i] ?? 0), 0);
    return randomPoisson.source(random)(mean)();
  });
  return {
    channels: [{ name: "c", samples: [signal, ...backgrounds] }],
    observations: [{ name: "c", data: observed }],
    measurements: [{
      name: "m",
      config: {
        poi: "mu",
        parameters: [
          { name: "mu", inits: [1], bounds: [[0, 10]] },
          ...(has_lumi ? [lumiParameter(random() < 0.4 ? 0.1 : 0.5)] : []),
        ],
      },
    }],
    version: "1.0.0",
  };
}

/** @param width of the bounds on either side of 1: tight ones make some fits stop on them */
const lumiParameter = (width: number): Parameter => ({
  ...{ name: "lumi", inits: [1], auxdata: [1], sigmas: [0.02] },
  bounds: [[1 - width, 1 + width]],
});
