import { resolve } from "node:path";
import { FarmError } from "../../core/errors.ts";
import {
  type FlagTable,
  type FlagValues,
  isParameterName,
  probability,
  realNumber,
  runId,
  setValues,
} from "../../core/flags.ts";
import type { Bounds } from "../../core/schema/fit_quality.ts";
import type { Inject, InjectThresholds } from "../../core/schema/inject.ts";
import { readGrid } from "../../core/scan/grid.ts";
import { workloadNamed, workloads } from "../../core/workload/registry.ts";
import { unbinnedFault } from "../../core/workload/spec_kind.ts";
import { readSpec } from "../../runtime/run/read_spec.ts";
import { freshRunId } from "../../runtime/render/runs_beside.ts";
import { INJECT, type InjectRequest, pointRunId, SEED_STRIDE } from "../../runtime/scan/inject_runs.ts";
import { loadStudy, type OpenStudy } from "../../runtime/sweep/study.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { defineFlags } from "../flags.ts";
import { readRequest, SCAN_RUN_FLAGS } from "../request_flags.ts";
import { idFlag, jsonFlag, outRootFlag } from "../study_flags.ts";

/** The flags of an injection study; shared by inject render and inject run. */
export const injectFlags = defineFlags({
  inject: {
    group: "What to run",
    type: "strings",
    required: true,
    placeholder: "name=grid",
    help: "parameter and its values for the toys: FROM:TO:STEP or a list",
    read: (text) => readInjected(text).text,
  },
  "out-root": outRootFlag("inject"),
  "inject-id": idFlag("inject", "study"),
  ...SCAN_RUN_FLAGS,
});

/** Refuses a second --inject: a study has one parameter. @throws {FarmError} usage */
function onlyOne(given: readonly string[]): string {
  const [first = "", second] = given;
  if (second === undefined) return first;
  const other = readInjected(second).parameter;
  const next = other === readInjected(first).parameter
    ? `Put all values in one: --inject ${other}=0.5,1`
    : `Give a fixed value of ${other} as --set ${other}=VALUE, or make a study of each`;
  throw new FarmError("usage", `Cannot use --inject "${first}" and "${second}": a study has one parameter`, next);
}

/** Reads `NAME=GRID`. @throws {FarmError} usage */
function readInjected(text: string): { parameter: string; values: number[]; text: string } {
  const cut = text.indexOf("=");
  if (cut < 1 || !isParameterName(text.slice(0, cut))) {
    throw new FarmError("usage", `Cannot use --inject "${text}": wanted NAME=VALUES`, "Like --inject mu=0,0.5,1,2");
  }
  const parameter = text.slice(0, cut);
  return { parameter, values: readGrid("--inject", text.slice(cut + 1), 1, `${parameter}=`), text };
}

/** Returns the injection study that the flags request; its toys have pulls. @throws {FarmError} usage */
export async function readInjectRequest(options: Record<string, unknown>, adapter: Backend): Promise<InjectRequest> {
  const { inject, outRoot, injectId, workload, set, config, nToys } = injectFlags.read(options);
  refuseOtherWorkload(workload);
  if (nToys > SEED_STRIDE) {
    throw new FarmError("usage", `Cannot use --n-toys ${nToys}: a point of a study has at most ${SEED_STRIDE} toys`);
  }
  const { parameter, values } = readInjected(onlyOne(inject));
  if (Object.hasOwn(setValues(set), parameter)) {
    throw new FarmError(
      "usage",
      `Cannot use --set for "${parameter}": --inject gives its values`,
      "Leave one of them out",
    );
  }
  await checkValues(resolve(config), parameter, values);
  const inject_id = injectId ?? freshRunId(resolve(outRoot), "inject");
  for (const value of values) runId(pointRunId(inject_id, parameter, value));
  // With the id of the first point, whose seed a repeated study takes.
  const own = { outDir: outRoot, runId: pointRunId(inject_id, parameter, values[0] ?? 0), pulls: true };
  const request = readRequest({ ...options, ...own }, adapter, "inject");
  return { inject_id, parameter, values, request };
}

function refuseOtherWorkload(name: string): void {
  if (workloadNamed(name).has_generation) return;
  const wanted = workloads().filter(({ has_generation }) => has_generation).map(({ name }) => name);
  throw new FarmError("usage", `Cannot make an injection study with --workload ${name}: wanted ${wanted.join(" or ")}`);
}

/** Refuses, before any run is rendered, a workspace, and a parameter or value that the spec does not allow. */
async function checkValues(config: string, parameter: string, values: readonly number[]): Promise<void> {
  const { spec, model } = await readSpec(config);
  const fault = unbinnedFault(spec);
  if (fault) {
    const next = "Give an unbinned spec; toys of a workspace have no fitted values";
    throw new FarmError("input", `Cannot make an injection study of "${config}": ${fault.what}`, next);
  }
  if (model && !model.parameters.includes(parameter)) {
    throw new FarmError(
      "input",
      `Cannot inject "${parameter}": the spec has no parameter of that name`,
      `Its parameters are ${model.parameters.join(", ")}`,
    );
  }
  const [lower, upper]: Bounds = model?.bounds.get(parameter) ?? [-Infinity, Infinity];
  const outside = values.find((value) => value < lower || value > upper);
  if (outside === undefined) return;
  throw new FarmError(
    "usage",
    `Cannot inject ${parameter} = ${outside}: its bounds in the spec are ${lower} to ${upper}`,
    "Give values within them, or widen the bounds",
  );
}

export const INJECT_JSON = {
  "inject-json": jsonFlag("inject", "study"),
} as const satisfies FlagTable;

export const readInjectJson = (flags: FlagValues<typeof INJECT_JSON>): OpenStudy<Inject> =>
  loadStudy(INJECT, flags.injectJson);

export const THRESHOLD_FLAGS = {
  "max-bias": {
    group: "Guardrails",
    type: "number",
    default: 0.14,
    placeholder: "x",
    help: "accepted |mean pull|; 0.2 adds 2 % to the error",
    read: shareOf("--max-bias"),
  },
  "width-tolerance": {
    group: "Guardrails",
    type: "number",
    default: 0.1,
    placeholder: "x",
    help: "accepted |width of the pulls - 1|",
    read: shareOf("--width-tolerance"),
  },
  "max-failed": {
    group: "Guardrails",
    type: "number",
    default: 0.05,
    placeholder: "p",
    help: "accepted rate of failed fits",
    read: shareOf("--max-failed"),
  },
  "false-alarm": {
    group: "Guardrails",
    type: "number",
    default: 0.01,
    placeholder: "p",
    help: "probability of a false flag, over all points",
    read: probability("--false-alarm", "Like 0.01"),
  },
} as const satisfies FlagTable;

export const readThresholds = (flags: FlagValues<typeof THRESHOLD_FLAGS>): InjectThresholds => ({
  max_bias: flags.maxBias,
  width_tolerance: flags.widthTolerance,
  max_failed: flags.maxFailed,
  false_alarm: flags.falseAlarm,
});

function shareOf(flag: string): (text: string) => number {
  return (text) => {
    const value = realNumber(flag, 0)(text);
    if (value < 1) return value;
    throw new FarmError("usage", `Cannot use ${flag} "${text}": wanted a number from 0 to below 1`);
  };
}
