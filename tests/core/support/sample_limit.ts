import type { Limit, LimitPoint } from "../../../core/schema/limit.ts";

/** Tested values of a limit, in ascending order. */
export const MUS = [0.5, 1, 1.5, 2];

/** A limit of runs at these values. */
export const LIMIT: Limit = {
  ...{ schema_version: "nextstat.cpu_farm_limit.v1", created_at_utc: "", nsfarm_version: "0.1.0", limit_id: "l" },
  ...{ workload: "hypotest-toys", scheduler: "local", config: "ws.json", n_toys: 1000, seed: 42, seed_stride: 9000 },
  ...{ out_root: "/", points: MUS.map((mu) => ({ mu, run_id: `l_mu${mu}` })), rounds: [] },
};

/** Returns a point where CLs is exp(-2 mu), and the expected ones a factor of 2 and 4 apart. */
export function pointAt(mu: number): LimitPoint {
  const cls = Math.exp(-2 * mu);
  const tail = { k: 1, n: 1000, p: cls / 2, interval: [cls / 3, cls] satisfies [number, number] };
  const expected = [0.25, 0.5, 1, 2, 4].map((factor) => factor * cls);
  return {
    ...{ mu, run_id: `l_mu${mu}`, n_toys: 1000, cls, cls_error: cls / 10, clsb: tail, clb: tail },
    ...{ cls_range: [cls, cls], asymptotic: { cls: 0.9 * cls, clsb: cls / 2, clb: 0.5, expected } },
  };
}

/** Returns the point with 8 of 1000 s+b toys that did not converge, and this range of CLs. */
export const failedAt = (mu: number, cls_range: [number, number]): LimitPoint => ({
  ...pointAt(mu),
  cls_range,
  failed: { n_toys: { b: 1000, sb: 1000 }, n_error: { b: 0, sb: 0 }, n_nonconverged: { b: 0, sb: 8 } },
});

/** What a point without a result has in place of one. */
export const NOTHING = {
  n_toys: null,
  cls: null,
  cls_error: null,
  clsb: null,
  clb: null,
  cls_range: null,
  asymptotic: null,
};
