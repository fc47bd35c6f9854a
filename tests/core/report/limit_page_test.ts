import assert from "node:assert/strict";
import { type LimitWanted, summariseLimit } from "../../../core/limit/summary.ts";
import { limitPage } from "../../../core/report/limit_page.ts";
import { pageHtml } from "../../../core/report/page.ts";
import type { LimitPoint } from "../../../core/schema/limit.ts";
import { failedAt, LIMIT, MUS, NOTHING, pointAt } from "../support/sample_limit.ts";

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

Deno.test("a limit with failed toys carries their range in its headline and its first number, and says of which hypothesis they are", () => {
  const page = pageOf(MUS.map((mu) => mu === 1.5 ? failedAt(mu, [0.01, 0.09]) : pointAt(mu)));
  assert.match(page, /% CL is 1\.498 ± 0\.\d+ \(with failed toys on either side 1\.\d+ to 1\.\d+\), by/);
  assert.match(
    page,
    /<div class="tile wrong"><b>1\.498[^<]*<\/b><span>upper limit by toys; with failed toys on either side/,
  );
  assert.match(
    page,
    /<li>Some fits of toys failed at mu = 1\.5 \(mu = 1\.5: 992 of 1000 s\+b toys converged, 8 did not\)\.<\/li>/,
  );
  assert.match(page, /0\.01 to 0\.09/);
  const good = pageOf(MUS.map(pointAt));
  assert.match(good, /All fits of toys converged\./);
  assert.match(good, /<div class="tile first"><b>1\.498[^<]*<\/b><span>upper limit by toys<\/span>/);
});

Deno.test("a limit whose toys keep auxiliary data says so at the top of its page, with the factor", () => {
  const page = pageOf(MUS.map((mu) => ({ ...pointAt(mu), fixed_auxiliary: { parameters: ["uncorr"] } })));
  assert.match(page, /% CL is 1\.498 ± 0\.\d+ \(auxiliary data fixed\), by/);
  assert.match(page, /<span>upper limit by toys; auxiliary data fixed<\/span>/);
  assert.match(
    page,
    /<li>The auxiliary data of 1 constrained parameter \(uncorr\) stay [^<]*CLs can differ by a factor of 2\./,
  );
});
