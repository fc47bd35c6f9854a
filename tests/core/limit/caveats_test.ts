import assert from "node:assert/strict";
import fc from "fast-check";
import { limitText, summariseLimit, toyLimit } from "../../../core/limit/summary.ts";
import { type LimitPoint, LimitSummary } from "../../../core/schema/limit.ts";
import { tieRange } from "../../../core/workload/test_caveats.ts";
import { failedAt, LIMIT, MUS, NOTHING, pointAt } from "../support/sample_limit.ts";

const summary = (points: LimitPoint[]): LimitSummary =>
  LimitSummary.parse(summariseLimit(LIMIT, points, { cl: 0.95, accuracy: null }));

const lines = (points: LimitPoint[]): string[] => limitText(summary(points)).split("\n");

const near = (actual: number | null | undefined, wanted: number): void =>
  assert.ok(Math.abs((actual ?? NaN) - wanted) < 1e-12, `${actual}, wanted ${wanted}`);

Deno.test("the range of a limit by failed toys is where the least and the greatest CLs cross, by the closed form", () => {
  // CLs = exp(-2 mu) at every point, and from a half to twice that with the failed toys: ln(20 f) / 2.
  const points = MUS.map((mu) => failedAt(mu, [Math.exp(-2 * mu) / 2, 2 * Math.exp(-2 * mu)]));
  const { caveats } = summary(points);
  assert.deepEqual(caveats?.failed?.mu, MUS);
  near(caveats?.failed?.limit_range?.[0], Math.log(10) / 2);
  near(caveats?.failed?.limit_range?.[1], Math.log(40) / 2);
  assert.deepEqual([caveats?.ties, caveats?.fixed_auxiliary], [null, null]);
  const [head = "", what] = lines(points);
  assert.match(
    head,
    /^upper limit at 95 % CL: 1\.498 ± 0\.0\d\d \(with failed toys on either side 1\.151 to 1\.844\), by 1000/,
  );
  assert.match(
    what ?? "",
    /^some fits of toys failed at mu = 0\.5, 1, 1\.5, 2 \(most at mu = 0\.5: 992 of 1000 s\+b toys converged, 8 did not; /,
  );
});

Deno.test("failed toys that take the limit beyond the tested values say so, also where there is no limit", () => {
  const points = MUS.map((mu) => mu >= 1.5 ? failedAt(mu, [0.001, 0.3]) : pointAt(mu));
  assert.deepEqual(summary(points).caveats?.failed?.limit_range?.[1], null);
  assert.match(lines(points)[0] ?? "", /\(with failed toys on either side 1\.\d+ to above 2\), by/);
  const above = MUS.slice(0, 2).map((mu) => mu === 1 ? failedAt(mu, [0.04, 0.3]) : pointAt(mu));
  assert.match(
    lines(above)[0] ?? "",
    /^no upper limit \(with failed toys on either side 0\.\d+ to above 1\): CLs is above/,
  );
  const nowhere = MUS.slice(0, 2).map((mu) => failedAt(mu, [0.1, 0.5]));
  assert.equal(summary(nowhere).caveats?.failed?.limit_range, null);
});

Deno.test("a limit whose toys all converged, or that an earlier version merged without counts, has the marks that are due", () => {
  assert.deepEqual(summary(MUS.map(pointAt)).caveats, { failed: null, ties: null, fixed_auxiliary: null });
  assert.match(lines(MUS.map(pointAt))[0] ?? "", /± 0\.0\d\d, by 1000 toys/);
  const old = MUS.map((mu): LimitPoint => mu === 1 ? { ...pointAt(mu), cls_range: [0.1, 0.2] } : pointAt(mu));
  assert.match(lines(old)[0] ?? "", /with failed toys on either side/);
  assert.match(lines(old).join("\n"), /^some fits of toys failed at mu = 1$/m);
  assert.deepEqual(summary(MUS.map((mu) => ({ ...pointAt(mu), ...NOTHING }))).caveats?.failed, null);
});

Deno.test("the limit lies within its range, whatever the points and their ranges", () => {
  const point = fc.record({
    cls: fc.double({ min: 1e-4, max: 1, noNaN: true }),
    down: fc.double({ min: 0, max: 1, noNaN: true }),
    up: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(fc.property(fc.array(point, { minLength: 2, maxLength: 8 }), (drawn) => {
    const points = drawn.map(({ cls, down, up }, i): LimitPoint => ({
      ...failedAt(i + 1, [cls * down, cls + up * (1 - cls)]),
      ...{ cls, cls_error: cls / 10 },
    }));
    const limit = toyLimit(points, 0.95);
    if (typeof limit === "string") return;
    const [low = null, high = null] = summary(points).caveats?.failed?.limit_range ?? [];
    assert.ok(low === null || low <= limit.value * (1 + 1e-9), `${low} to ${high}, ${limit.value}`);
    assert.ok(high === null || high >= limit.value * (1 - 1e-9), `${low} to ${high}, ${limit.value}`);
  }));
});

const tiedAt = (mu: number, sb: number, b: number): LimitPoint => {
  const [clsb, clb] = [0.5 * Math.exp(-2 * mu), 0.5];
  const cls_range = tieRange(clsb, clb, { sb, b });
  return { ...pointAt(mu), ties: { sb, b, at: "conditional_fit", cls_range } };
};

Deno.test("ties mark a limit only where they move it beyond its error, and are always named with its range", () => {
  // CLs = 2 CLs+b, which moves by 0.01: exp(-2 mu) ± 0.02 on straight lines of ln CLs between mu = 1 and 1.5.
  const lineAt = (shift: number) => {
    const [a, b] = [1, 1.5].map((mu) => Math.log(Math.exp(-2 * mu) + shift));
    return 1 + 0.5 * (Math.log(0.05) - a!) / (b! - a!);
  };
  const points = MUS.map((mu) => tiedAt(mu, 0.01, 0));
  const { caveats, limit } = summary(points);
  near(caveats?.ties?.limit_range?.[0], lineAt(-0.02));
  assert.ok(limit !== null && limit.value - lineAt(-0.02) > limit.error);
  assert.match(lines(points)[0] ?? "", /\(with tied toys on either side 1\.\d+ to 1\.\d+\), by/);
  const few = MUS.map((mu) => tiedAt(mu, 0.0002, 0.001));
  assert.match(lines(few)[0] ?? "", /± 0\.0\d+, by/);
  assert.match(
    lines(few)[1] ?? "",
    /^the observed counts have a probability of up to 0\.001 \(mu = 0\.5\), .*: limit 1\.4\d+ to 1\.5\d+ if/,
  );
  assert.match(lines(few).join("\n"), /asymptotic +with tied toys\n/);
});
