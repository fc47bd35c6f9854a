import assert from "node:assert/strict";
import { limitText, type LimitWanted, summariseLimit, toyLimit } from "../../../core/limit/summary.ts";
import { type LimitPoint, LimitSummary } from "../../../core/schema/limit.ts";
import { LIMIT, MUS, NOTHING, pointAt } from "../support/sample_limit.ts";

const summary = (points: LimitPoint[], wanted: Partial<LimitWanted> = {}): LimitSummary =>
  LimitSummary.parse(summariseLimit(LIMIT, points, { cl: 0.95, accuracy: null, ...wanted }));

const without = (...mus: number[]): LimitPoint[] =>
  MUS.map((mu) => mus.includes(mu) ? { ...pointAt(mu), ...NOTHING } : pointAt(mu));

/** Where exp(-2 mu) times a factor falls to 0.05. */
const limitAt = (factor: number) => Math.log(20 * factor) / 2;

Deno.test("a summary has the limit by toys, the asymptotic ones, and all toys", () => {
  const { limit, why, n_toys, asymptotic, is_accurate } = summary(MUS.map(pointAt));
  assert.ok(Math.abs((limit?.value ?? 0) - limitAt(1)) < 1e-12);
  assert.deepEqual([limit?.between, why, n_toys, is_accurate], [[1, 1.5], null, 4000, null]);
  assert.ok(Math.abs((asymptotic?.observed ?? 0) - limitAt(0.9)) < 1e-12);
  const expected = [0.25, 0.5, 1, 2, 4].map((factor) => limitAt(factor));
  for (const [i, value] of asymptotic?.expected.entries() ?? []) {
    assert.ok(value === null || Math.abs(value - (expected[i] ?? 0)) < 1e-12);
  }
  assert.deepEqual(asymptotic?.expected.map((value) => value === null), [false, false, false, false, true]);
});

Deno.test("a limit is accurate where its error is the wanted one or smaller", () => {
  const error = summary(MUS.map(pointAt)).limit?.error ?? 0;
  const is = (accuracy: number, points = MUS.map(pointAt)) => summary(points, { accuracy }).is_accurate;
  assert.deepEqual([is(error), is(error * 0.99), is(1, MUS.slice(0, 2).map(pointAt))], [true, false, false]);
});

Deno.test("points without a result are left out, and the positions of the others stay", () => {
  const found = toyLimit(without(0.5, 1), 0.8);
  assert.match(`${found}`, /CLs is below 0\.2 at all points: test values of mu below 1\.5/);
  const limit = toyLimit(without(1), 0.95);
  assert.deepEqual(typeof limit === "string" ? limit : limit.causes.map(([at]) => at), [0, 2]);
  const { n_toys, asymptotic } = summary(without(0.5, 1, 1.5));
  assert.deepEqual([n_toys, asymptotic], [1000, null], "one point is no curve");
});

Deno.test("at mu = 0 CLs has no error, since both hypotheses are the same", () => {
  const limit = toyLimit([{ ...pointAt(0), cls_error: 0.3 }, pointAt(2)], 0.95);
  assert.ok(typeof limit !== "string");
  assert.equal(limit.causes[0][1], 0);
});

Deno.test("the answer has the limit, what lacks, and a line for each point", () => {
  const [head, ...rest] = limitText(summary(MUS.map(pointAt), { accuracy: 0.001 })).split("\n");
  assert.match(
    head ?? "",
    /^upper limit at 95 % CL: 1\.498 ± 0\.0\d\d, by 1000 toys of each hypothesis at each of mu = 1 and 1\.5; 4000 over all points$/,
  );
  assert.deepEqual(rest.slice(0, 4), [
    "its error is larger than the wanted 0.001",
    "asymptotic: 1.445; expected (-2 to 2 sigma): 0.8047, 1.151, 1.498, 1.844, n/a",
    "",
    "mu   toys  CLs              asymptotic",
  ]);
  assert.equal(rest.length, 4 + MUS.length);
  const open = limitText(summary(without(1))).split("\n");
  assert.equal(open[1], "no result yet at mu = 1 (1 of 4 points): this is from the others");
  assert.match(open.join("\n"), /^1 +no result$/m);
  const none = limitText(summary(without(...MUS)));
  assert.match(none, /^no upper limit: no point has a result\n\nmu /);
});
