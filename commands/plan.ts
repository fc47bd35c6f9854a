import * as z from "zod/mini";
import { EXIT_CODES, FarmError } from "../core/errors.ts";
import { plainPath, wholeNumber } from "../core/parse_flag.ts";
import { describePlan } from "../core/plan/describe_plan.ts";
import { makePlan } from "../core/plan/make_plan.ts";
import { type Pilot, readPilot } from "../core/plan/pilot.ts";
import { type HostSlots, pilotSlots, spreadSlots } from "../core/plan/plan_slots.ts";
import { readShardsList } from "../core/sweep/plan_points.ts";
import { preflightSlots, probedCpus } from "../host/plan/read_slots.ts";
import { readFacts } from "../host/state/read_facts.ts";
import type { CommandSpec } from "./command.ts";

const Flags = z.object({
  from: z.string(),
  nToys: z.optional(z.number()),
  slots: z.optional(z.number()),
  hosts: z.optional(z.string()),
  probe: z.optional(z.string()),
  shardsList: z.optional(z.string()),
});

const plan: CommandSpec = {
  name: "plan",
  needs: ["read", "run", "env", "sys"],
  schedulers: true,
  define: (command) => {
    command
      .requiredOption(
        "--from <run_dir>",
        "a finished run, whose measured times the plan is made from",
        plainPath("--from"),
      )
      .option("--n-toys <n>", "toys of the run to plan (default: those of that run)", wholeNumber("--n-toys", 1))
      .option("--slots <n>", "slots to plan for (default: those of that run)", wholeNumber("--slots", 1, 1_000_000))
      .option("--hosts <preflight>", "the hosts that a preflight found, one slot a physical core", plainPath("--hosts"))
      .option("--probe <scheduler>", "the CPUs that this scheduler shows")
      .option("--shards-list <counts>", "shard counts to look at (default: 1 to 10,000)");
  },
  run: async ({ options, out }) => {
    const flags = Flags.parse(options);
    const facts = readFacts(flags.from);
    const pilot = readPilot(facts);
    const made = makePlan(pilot, {
      n_toys: flags.nToys ?? pilot.n_toys,
      hosts: await slotsOf(flags, pilot, Math.max(1, Number(facts.threads) || 1)),
      counts: flags.shardsList === undefined ? null : readShardsList(flags.shardsList),
    });
    // How its toys were fitted is in the plan's own warnings.
    for (const { kind, what } of facts.merged_check.findings) {
      if (kind !== "fits") out.note(`the run it is made from: ${what}`);
    }
    out.print(describePlan(made));
    out.document(made);
    return EXIT_CODES.done;
  },
};
export default plan;

async function slotsOf(flags: z.infer<typeof Flags>, pilot: Pilot, threads: number): Promise<HostSlots[]> {
  const { slots, hosts, probe } = flags;
  if ([slots, hosts, probe].filter((one) => one !== undefined).length > 1) {
    throw new FarmError("usage", "Cannot plan with more than one of --slots, --hosts and --probe: each says the slots");
  }
  if (slots !== undefined) return spreadSlots(pilot, slots);
  if (hosts !== undefined) return preflightSlots(hosts, threads);
  if (probe !== undefined) return spreadSlots(pilot, Math.max(1, Math.floor(await probedCpus(probe) / threads)));
  return pilotSlots(pilot);
}
