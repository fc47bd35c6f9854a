// slow: pyhf fits 1,000 toys of two hypotheses at five points in minutes
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pythonPackages } from "../../scripts/release/packages.ts";
import { mustRun, nextstat } from "../support/farm.ts";
import { inFolder } from "../support/scratch.ts";
import { writeCounts } from "../support/workspace.ts";

const TOYS = 1000;

/** Prints the p-values CLs+b and CLb by toys of pyhf's calculator at each mu, as JSON. */
const SCRIPT = `
import json, sys
import numpy, pyhf
pyhf.set_backend("numpy")
workspace = pyhf.Workspace(json.load(open(sys.argv[1])))
model, data = workspace.model(), workspace.data(workspace.model())
found = []
for mu in map(float, sys.argv[3:]):
    numpy.random.seed(int(1000 * mu) + 1)
    calculator = pyhf.infer.calculators.ToyCalculator(data, model, ntoys=int(sys.argv[2]), test_stat="qtilde", track_progress=False)
    q = calculator.teststatistic(mu)
    sb, b = calculator.distributions(mu)
    found.append([float(sb.pvalue(q)), float(b.pvalue(q)), float(q)])
print(json.dumps(found))
`;

interface Tail {
  p: number;
  n: number;
}

const errorOf = ({ p, n }: Tail) => Math.sqrt(Math.max(p * (1 - p), 1 / n) / n);

function assertAgree(ours: Tail, theirs: number, what: string): void {
  const error = Math.hypot(errorOf(ours), errorOf({ p: theirs, n: TOYS }));
  assert(Math.abs(ours.p - theirs) <= 3 * error, `${what}: ${ours.p}, pyhf ${theirs}, error ${error}`);
}

/** Runs a hypothesis test of 20,000 toys at this mu and returns the merged document. */
async function tested(folder: string, config: string, mu: string) {
  const words = ["--workload", "hypotest-toys", "--config", config, "--mu", mu, "--n-toys", "20000", "--shards", "8"];
  const where = ["--threads", "1", "--nextstat-bin", nextstat(), "--out-dir", folder, "--run-id", `mu${mu}`];
  await mustRun(folder, ["run", ...words, ...where]);
  return JSON.parse(await readFile(join(folder, `mu${mu}`, "merged.out.json"), "utf8"));
}

Deno.test("CLs+b and CLb agree with pyhf's toys within three Monte Carlo errors at five values of mu", () =>
  inFolder(async (folder) => {
    // nextstat's toys keep the auxiliary data, pyhf's vary them too: only without constrained parameters are both alike.
    const config = await writeCounts(folder, { signal: [12, 11, 5], background: [50, 52, 31], observed: [58, 51, 34] });
    const script = join(folder, "toys.py");
    await writeFile(script, SCRIPT);
    const mus = ["0.25", "0.5", "0.75", "1", "1.5"];
    const packages = await pythonPackages("pyhf", ["pyhf==0.7.6"]);
    const python = new Deno.Command("python3", {
      args: [script, config, `${TOYS}`, ...mus],
      env: { PYTHONPATH: packages },
    });
    const { success, stdout, stderr } = await python.output();
    assert(success, new TextDecoder().decode(stderr));
    const theirs: [number, number, number][] = JSON.parse(new TextDecoder().decode(stdout));
    for (const [i, mu] of mus.entries()) {
      const { merge: { farm: { tails } }, q_obs } = await tested(folder, config, mu);
      const [sb = NaN, b = NaN, q = NaN] = theirs[i] ?? [];
      assert(Math.abs(q_obs - q) < 1e-3, `the observed q at mu = ${mu}: ${q_obs}, pyhf ${q}`);
      assertAgree(tails.sb, sb, `CLs+b at mu = ${mu}`);
      assertAgree(tails.b, b, `CLb at mu = ${mu}`);
    }
  }));

/** Returns the probability of at most n events where mean are expected (Poisson). */
function poissonUpTo(n: number, mean: number): number {
  let [term, sum] = [Math.exp(-mean), Math.exp(-mean)];
  for (let k = 1; k <= n; k++) {
    term *= mean / k;
    sum += term;
  }
  return sum;
}

Deno.test("a counting experiment has the p-values of its closed form within three Monte Carlo errors", () =>
  inFolder(async (folder) => {
    const config = await writeCounts(folder, { signal: [10], background: [20], observed: [18] });
    for (const mu of [0.5, 1, 1.5]) {
      const { merge: { farm: { tails } } } = await tested(folder, config, `${mu}`);
      // q falls with the count, so q >= q_obs means at most 18 events. A toy of just 18 has the q of the data but for
      // rounding, and may fall to either side.
      for (const [tail, mean] of [[tails.sb, 20 + 10 * mu], [tails.b, 20]]) {
        const [least, most] = [poissonUpTo(17, mean), poissonUpTo(18, mean)];
        const error = 3 * errorOf({ p: most, n: 20_000 });
        assert(tail.p >= least - error && tail.p <= most + error, `mu = ${mu}: ${tail.p}, exact ${least} to ${most}`);
      }
    }
  }));
