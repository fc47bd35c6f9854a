import { basename, dirname } from "node:path";
import { FarmError } from "../core/errors.ts";
import { wholeNumber } from "../core/flags.ts";
import { namedShards } from "../core/format.ts";
import { seedOf } from "../core/run_seeds.ts";
import { workloadOf } from "../core/workload/registry.ts";
import { type Extended, extendRun } from "../runtime/control/extend.ts";
import { submitOpen } from "../runtime/control/start.ts";
import { seedWarnings } from "../runtime/render/runs_beside.ts";
import { inspectMachine } from "../runtime/system/machine.ts";
import { defineCommand, defineFlags, type Output } from "./flags.ts";
import { withOnEnd } from "./on_end_flag.ts";
import { ACCEPT_NEXTSTAT } from "./accept_nextstat_flag.ts";
import { END_FLAGS, openToSubmit, submitAndWait } from "./submit.ts";

const extendFlags = defineFlags({
  "n-toys": { type: "integer", required: true, placeholder: "+n", help: "number of toys to add: +500", read: moreToys },
  shards: {
    type: "integer",
    min: 1,
    placeholder: "k",
    help: "number of new shards (default: same toys per shard as the run)",
  },
  submit: { type: "boolean", default: true, help: "add the shards but do not submit them" },
  ...END_FLAGS,
  ...ACCEPT_NEXTSTAT,
});

export default defineCommand({
  schedulers: true,
  flags: extendFlags,
  run: async ({ args, flags, out }) => {
    if (!flags.submit) refuseEnd(flags);
    const { run, adapter } = await openToSubmit(args, flags, out, null);
    const machine = await inspectMachine();
    const extension = { n_toys: flags.nToys, shards: flags.shards ?? null, submit: flags.submit };
    if (flags.submit) {
      const submit = async (extended: Extended) => {
        reportExtended(extended, out);
        return await submitOpen(extended.run, adapter, machine, { ended: false });
      };
      return await submitAndWait(adapter, () => extendRun(run, adapter, extension, submit), flags, out);
    }
    const extended = await extendRun(run, adapter, extension, (made) => Promise.resolve(made));
    reportExtended(extended, out);
    const { manifest_path, manifest } = withOnEnd(extended.run, flags.onEnd);
    out.print(manifest_path);
    out.document({ manifest: manifest_path, shards: extended.shards, n_toys: manifest.n_toys });
  },
});

/** @throws {FarmError} usage, for a flag about the end of jobs that are not submitted */
function refuseEnd({ wait, finish }: { wait: boolean; finish: boolean }): void {
  const flag = wait ? "--wait" : finish ? "--finish" : null;
  if (flag === null) return;
  throw new FarmError("usage", `Cannot use ${flag} with --no-submit: no job would end`, `Give ${flag} to submit later`);
}

function reportExtended({ run, shards, n_toys_before, since_utc }: Extended, out: Output): void {
  const { plans, config, farm: { gen, set } } = run.manifest;
  const workload = workloadOf(run.manifest).name;
  const n_toys = shards.reduce((sum, shard) => sum + (plans[shard]?.n_toys ?? 0), 0);
  const seed = seedOf(run.manifest, n_toys_before);
  const follows = seed === seedOf(run.manifest, n_toys_before - 1) + 1;
  const toys = { seed, n_toys, config, workload, gen, set };
  const warnings = seedWarnings([basename(run.dir)], dirname(run.dir), [toys]);
  for (const warning of warnings) out.warn(warning);
  if (since_utc !== null) out.note(`these toys were added at ${since_utc} but not submitted: submitting them now`);
  out.note(
    `${n_toys_before} + ${n_toys} toys: ${namedShards(shards)} with the seeds ${seed} to ${
      seed + n_toys - 1
    }, new in this run${follows ? "" : "; another run in the folder has the next ones"}`,
  );
}

/** Reads `+500`; without the sign, the number could mean the total of toys. */
function moreToys(text: string): number {
  if (!text.startsWith("+")) {
    throw new FarmError(
      "usage",
      `Cannot use --n-toys "${text}": wanted the number of toys to add, with a sign`,
      "Like --n-toys +500",
    );
  }
  return wholeNumber("--n-toys", 1)(text.slice(1));
}
