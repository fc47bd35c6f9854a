import assert from "node:assert/strict";
import { type LimitWanted, summariseLimit } from "../../../core/limit/summary.ts";
import { limitPage } from "../../../core/report/limit_page.ts";
import { pageHtml } from "../../../core/report/page.ts";
import type { Limit, LimitPoint } from "../../../core/schema/limit.ts";

const MUS = [0.5, 1, 1.5, 2];

const LIMIT: Limit = {
  ...{ schema_version: "nextstat.cpu_farm_limit.v1", created_at_utc: "", nsfarm_version: "0.1.0", limit_id: "l" },
  ...{ workload: "hypotest-toys", scheduler: "local", config: "ws.json", n_toys: 1000, seed: 42, seed_stride: 9000 },
  ...{ out_root: "/", points: MUS.map((mu) => ({ mu, run_id: `l_mu${mu}` })), rounds: [] },
};

/** A point where CLs is exp(-2 mu), and the expected ones a factor of 2 and 4 apart. */
function pointAt(mu: number): LimitPoint {
  const cls = Math.exp(-2 * mu);
  const tail = { k: 1, n: 1000, p: cls / 2, interval: [cls / 3, cls] satisfies [number, number] };
  const expected = [0.25, 0.5, 1, 2, 4].map((factor) => factor * cls);
  return {
    ...{ mu, run_id: `l_mu${mu}`, n_toys: 1000, cls, cls_error: cls / 10, clsb: tail, clb: tail },
    ...{ cls_range: [cls, cls], asymptotic: { cls: 0.9 * cls, clsb: cls / 2, clb: 0.5, expected } },
  };
}

const NOTHING = { n_toys: null, cls: null, cls_error: null, clsb: null, clb: null, cls_range: null, asymptotic: null };

const pageOf = (points: LimitPoint[], wanted: LimitWanted = { cl: 0.95, accuracy: null }): string =>
  pageHtml(limitPage(summariseLimit(LIMIT, points, wanted)), "sum", "footer");

Deno.test("the page of a limit has the curve by toys, the asymptotic one, and the expected one with both bands", () => {
  const page = pageOf(MUS.map(pointAt), { cl: 0.95, accuracy: 0.001 });
  assert.match(page, /the upper limit at 95 % CL is 1\.498 ± 0\.\d+/);
  for (const words of ["observed, by toys", "observed, asymptotic", "expected, asymptotic", "± 1 sigma", "± 2 sigma"]) {
    assert.match(page, new RegExp(`<text [^>]*>${words}</text>`));
  }
  assert.match(page, /<b>1\.498<\/b><span>asymptotic expected limit; within 1 sigma 1\.151 to 1\.844/);
  assert.match(page, /NOT REACHED<\/b><span>wanted error 0\.001/);
  const [figure = ""] = /<svg[^]*<\/svg>/.exec(page) ?? [];
  assert.doesNotMatch(figure, /NaN|Infinity/);
});

Deno.test("a limit that the points do not enclose, or of which points have no result, says so at the top of its page", () => {
  const none = pageOf(MUS.slice(0, 2).map(pointAt));
  assert.match(none, /class="lead">No upper limit yet: CLs is above 0\.05 at all points: test values of mu above 1\./);
  assert.match(none, /<b>none<\/b><span>upper limit by toys/);
  const open = pageOf(MUS.map((mu) => mu === 1 ? { ...pointAt(mu), ...NOTHING } : pointAt(mu)));
  assert.match(open, /There is no result yet at mu = 1 \(1 of 4 points\): this is from the others\./);
  assert.match(open, /<b>3\/4<\/b><span>points have a result/);
  const nothing = pageOf(MUS.map((mu) => ({ ...pointAt(mu), ...NOTHING })));
  assert.match(nothing, /No upper limit yet: no point has a result\./);
  assert.doesNotMatch(nothing, /data-figure/);
});

Deno.test("failed toys are named with the values of mu, and the table has the range of CLs", () => {
  const range: [number, number] = [0.01, 0.09];
  const page = pageOf(MUS.map((mu) => mu === 1.5 ? { ...pointAt(mu), cls_range: range } : pointAt(mu)));
  assert.match(page, /Some fits of toys failed at mu = 1\.5;/);
  assert.match(page, /0\.01 to 0\.09/);
  assert.match(pageOf(MUS.map(pointAt)), /All fits of toys converged\./);
});
