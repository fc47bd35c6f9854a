import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { makeInputs } from "../../scripts/make_inputs.ts";
import { inFolder } from "../support/scratch.ts";

const nextstat = Deno.env.get("NSFARM_TEST_NEXTSTAT");

async function sumOf(path: string): Promise<string> {
  return createHash("sha256").update(await Deno.readFile(path)).digest("hex");
}

Deno.test("makeInputs() writes the same bytes on every machine", () =>
  inFolder(async (folder) => {
    await makeInputs(folder, "10k");
    assert.equal(
      await sumOf(join(folder, "observed.parquet")),
      "648a86c708b280e43ac413d6356dbd9548e182be74a123fb5629c4bfb51f7ffc",
    );
    await makeInputs(folder, "2m");
    assert.equal(
      await sumOf(join(folder, "observed_2m.parquet")),
      "96099f297c186e4ed8b74c78f48fe158fff26cd50cefa08f0b0e6a0aa6ac1ca0",
    );
  }));

Deno.test("makeInputs() writes two specs that differ in their yields and their observed data only", () =>
  inFolder(async (folder) => {
    const small = await Deno.readTextFile(await makeInputs(folder, "10k"));
    const large = await Deno.readTextFile(await makeInputs(folder, "2m"));
    assert.equal(
      large,
      small.replace(": 2500\n", ": 500000\n").replace(": 2500,", ": 500000,").replace("7500", "1500000")
        .replace("observed.parquet", "observed_2m.parquet"),
    );
  }));

Deno.test({
  name: nextstat ? "nextstat fits what makeInputs() wrote" : "nextstat fits what makeInputs() wrote (needs ./dev test)",
  ignore: nextstat === undefined,
  fn: () =>
    inFolder(async (folder) => {
      const spec = await makeInputs(folder, "10k");
      const [mu, peak, width, slope] = await fittedParameters(spec);
      assert(Math.abs(mu - 1) < 0.15, `mu is ${mu}`);
      assert(Math.abs(peak - 91) < 0.5, `the peak is at ${peak}`);
      assert(Math.abs(width - 2.5) < 0.5, `the width is ${width}`);
      assert(Math.abs(slope + 0.03) < 0.005, `the slope is ${slope}`);
    }),
});

async function fittedParameters(spec: string): Promise<[number, number, number, number]> {
  const args = ["unbinned-fit-toys", "--config", spec, "--n-toys", "1", "--seed", "1", "--gen", "mle"];
  const { stdout, code } = await new Deno.Command(nextstat ?? "", { args, stderr: "null" }).output();
  assert.equal(code, 0);
  const { gen: { params } } = JSON.parse(new TextDecoder().decode(stdout));
  return params;
}
