import assert from "node:assert/strict";
import htcondor from "../../../schedulers/htcondor.ts";
import { exampleContext, exampleManifest, TOKEN } from "../../fixtures/context.ts";
import { answer, handle, recorded, recordedText } from "../support/recorded.ts";

const argvs = (commands: { argv: string[] }[]) => commands.map(({ argv }) => argv);
const OURS = `NsfarmToken =?= "nsfarm-${TOKEN}"`;
const MARK = "HoldReasonCode == 1 && HoldReasonSubCode == 4747";

Deno.test("only jobs that are idle are held, with our mark, and only jobs with that mark are released", () => {
  assert.deepEqual(argvs(htcondor.hold(exampleContext(), [handle("5", 4)], [1, 3])), [
    ["condor_hold", "-reason", "nsfarm-deno pause", "-subcode", "4747", "-constraint"].concat(
      `${OURS} && JobStatus == 1 && member(ProcId, {1, 3})`,
    ),
  ]);
  assert.deepEqual(argvs(htcondor.release(exampleContext(), [handle("5", 4)], null)), [
    ["condor_release", "-constraint", `${OURS} && JobStatus == 5 && ${MARK}`],
  ]);
});

const late = exampleContext(exampleManifest(4, { options: { "condor-max-idle": 2 } }));

Deno.test("a cluster with late materialization creates no jobs while it is held", () => {
  const lines = (commands: { argv: string[] }[]) => argvs(commands).map(([program, ...rest]) => [program, rest.at(-1)]);
  assert.deepEqual(argvs(htcondor.hold(late, [handle("5", 4)], null))[0], [
    ...["condor_qedit", "5", "JobMaterializePaused", "1"],
  ]);
  assert.deepEqual(lines(htcondor.release(late, [handle("5", 4)], null)).at(-1), ["condor_qedit", "0"]);
});

Deno.test("a throttle is a concurrency limit of which each job uses one part", () => {
  const throttle = (most: number | null, context = exampleContext()) =>
    argvs(htcondor.throttle(context, [handle("5", 4)], most)).map((argv) => argv.slice(-2).join(" "));
  const [two] = throttle(2);
  assert.match(two ?? "", /^ConcurrencyLimits "nsfarm_[0-9a-f]{16}:1154016"$/);
  assert.deepEqual(throttle(null), ["ConcurrencyLimits undefined"]);
  const small = { ...exampleContext(), limits: { concurrency_limit: 100 } };
  assert.match(
    throttle(3, small)[0] ?? "",
    /:33\.333333"$/,
    "three parts fit into the pool's own default, four do not",
  );
  assert.deepEqual(argvs(htcondor.throttle(late, [handle("5", 4)], 2))[0]?.slice(0, 2), ["condor_qedit", "5"]);
});

Deno.test("jobs that are submitted under a throttle have the same limit, unless the user's lines set one", () => {
  const lines = (options = {}) => {
    const context = { ...exampleContext(exampleManifest(4, { options })), throttle: 4 };
    const [chunk] = htcondor.render(context).chunks;
    assert(chunk);
    return htcondor.submit(context, chunk, TOKEN).argv.filter((word) => /^concurrency/i.test(word));
  };
  assert.match(lines().join(), /^concurrency_limits = nsfarm_[0-9a-f]{16}:577008$/);
  assert.deepEqual(lines({ "condor-line": ["concurrency_limits = licence:2"] }), ["concurrency_limits = licence:2"]);
});

for (const name of ["hold-none", "release-none", "qedit-none", "qedit-cluster-none"]) {
  Deno.test(`condor: ${name} finds no job left, which is no failure`, () => {
    assert.equal(htcondor.readSteer([recorded(`condor-${name}`, 1)]).kind, "ok");
  });
}

Deno.test("condor: success is read, and a schedd that is down is unclear", () => {
  for (const name of ["hold-idle", "release", "qedit"]) {
    assert.equal(htcondor.readSteer([recorded(`condor-${name}`)]).kind, "ok", name);
  }
  for (const name of ["hold-schedd-down", "qedit-schedd-down"]) {
    assert.equal(htcondor.readSteer([answer(""), recorded(`condor-${name}`, 1)]).kind, "unclear", name);
  }
});

Deno.test("the event log shows our hold as a hold by hand", () => {
  const log = recordedText("condor-eventlog-our-hold");
  const cluster = /^000 \(0*(\d+)\./m.exec(log)?.[1] ?? "";
  const text = log.replaceAll(/^\.\.\.$/gm, "...");
  const events = text.replaceAll(/(Job submitted from host: .*)/g, `$1\n    nsfarm-${TOKEN}`);
  const states = htcondor.readEventLogs([events], [handle(cluster, 5)]);
  assert.deepEqual(states.map(({ state }) => state), ["running", "running", "held", "held", "held"]);
  assert.match(states[4]?.reason ?? "", /nsfarm-deno pause/);
});
