/** pyhf workspaces. */

const mu = { name: "mu", type: "normfactor", data: null };
const lumi = { name: "lumi", type: "lumi", data: null };
const kb = { name: "kb", type: "normfactor", data: null };

/** A workspace with every kind of modifier. */
export const EVERY_MODIFIER = {
  channels: [
    {
      name: "c",
      samples: [
        {
          name: "signal",
          data: [12, 11],
          modifiers: [mu, lumi, { name: "n", type: "normsys", data: { hi: 1.05, lo: 0.9 } }],
        },
        {
          name: "background",
          data: [50, 52],
          modifiers: [
            { name: "stat_c", type: "staterror", data: [3, 7] },
            lumi,
            { name: "n", type: "normsys", data: { hi: 1.1, lo: 0.92 } },
            { name: "h", type: "histosys", data: { hi_data: [55, 50], lo_data: [48, 53] } },
            kb,
          ],
        },
      ],
    },
    {
      name: "d",
      samples: [{
        name: "background",
        data: [30],
        modifiers: [
          kb,
          { name: "u", type: "shapesys", data: [5] },
          { name: "sf", type: "shapefactor", data: null },
        ],
      }],
    },
  ],
  observations: [{ name: "c", data: [51, 48] }, { name: "d", data: [41] }],
  measurements: [{
    name: "m",
    config: {
      poi: "mu",
      parameters: [{ name: "lumi", auxdata: [1], sigmas: [0.03], bounds: [[0.5, 1.5]], inits: [1] }],
    },
  }],
  version: "1.0.0",
};

/** Returns a workspace of one bin without constrained parameters. */
export const oneBin = (signal: number, background: number, observed: number) => ({
  channels: [{
    name: "c",
    samples: [
      { name: "signal", data: [signal], modifiers: [mu] },
      { name: "background", data: [background], modifiers: [] },
    ],
  }],
  observations: [{ name: "c", data: [observed] }],
  measurements: [{ name: "m", config: { poi: "mu", parameters: [] } }],
  version: "1.0.0",
});
