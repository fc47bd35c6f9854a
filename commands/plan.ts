import { FarmError } from "../core/errors.ts";
import type { FlagValues } from "../core/flags.ts";
import { type Pilot, readPilot } from "../core/plan/pilot.ts";
import { describePlan, makePlan } from "../core/plan/plan.ts";
import { type HostSlots, pilotSlots, spreadSlots } from "../core/plan/predict.ts";
import { readShardsList } from "../core/sweep/points.ts";
import { splitToys } from "../core/toys.ts";
import { preflightSlots, probedCpus } from "../runtime/output/slots.ts";
import { readRunFacts } from "../runtime/state/facts.ts";
import { defineCommand, defineFlags } from "./flags.ts";

const planFlags = defineFlags({
  from: {
    type: "path",
    required: true,
    placeholder: "run_dir",
    help: "the finished source run, whose measured times the plan uses",
  },
  "n-toys": {
    type: "integer",
    min: 1,
    placeholder: "n",
    help: "number of toys to plan for (default: as in the source run)",
  },
  slots: {
    type: "integer",
    min: 1,
    max: 1_000_000,
    placeholder: "n",
    help: "slots to plan for (default: as in the source run)",
  },
  hosts: { type: "path", placeholder: "preflight", help: "hosts from preflight --out, one slot per physical core" },
  probe: { type: "string", placeholder: "scheduler", help: "plan for the CPUs that this scheduler reports" },
  "shards-list": { type: "string", placeholder: "counts", help: "shard counts to compare (default: 1 to 10,000)" },
  all: { type: "boolean", help: "show every count, not only the ten that matter" },
});

export default defineCommand({
  needs: ["read", "run", "env", "sys"],
  schedulers: true,
  flags: planFlags,
  run: async ({ flags, out }) => {
    const facts = readRunFacts(flags.from);
    const pilot = readPilot(facts);
    const n_toys = flags.nToys ?? pilot.n_toys;
    const counts = flags.shardsList === undefined ? null : readShardsList(flags.shardsList);
    for (const count of counts ?? []) splitToys(n_toys, count, "--shards-list");
    const made = makePlan(pilot, {
      n_toys,
      hosts: await slotsOf(flags, pilot, Math.max(1, Number(facts.threads) || 1)),
      counts,
    });
    // The plan's own warnings say how its toys were fitted.
    for (const { kind, what } of facts.merged_check.findings) {
      if (kind !== "fits" && kind !== "starts") out.note(`the source run: ${what}`);
    }
    out.print(describePlan(made, flags.all || flags.shardsList !== undefined));
    out.document(made);
  },
});

async function slotsOf(flags: FlagValues<typeof planFlags.table>, pilot: Pilot, threads: number): Promise<HostSlots[]> {
  const { slots, hosts, probe } = flags;
  if ([slots, hosts, probe].filter((one) => one !== undefined).length > 1) {
    throw new FarmError("usage", "Cannot plan with more than one of --slots, --hosts and --probe: each sets the slots");
  }
  if (slots !== undefined) return spreadSlots(pilot, slots);
  if (hosts !== undefined) return preflightSlots(hosts, threads);
  if (probe !== undefined) return spreadSlots(pilot, Math.max(1, Math.floor(await probedCpus(probe) / threads)));
  return pilotSlots(pilot);
}
