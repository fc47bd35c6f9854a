import type { PlannedCount, ShardingPlan } from "../contracts/plan.ts";
import { clockTime, duration, fineDuration as seconds, labelLine, percent, significant, textTable } from "../format.ts";
import { alikeShare, EVENING } from "./make_plan.ts";

/** A plan as a person reads it: its terms, its table, what it recommends and how sure it is. */
export function describePlan(plan: ShardingPlan): string {
  return [
    ...terms(plan),
    "",
    table(plan),
    ...legend(plan),
    "",
    ...recommendation(plan),
    ...plan.warnings.map((warning) => `  note: ${warning}`),
  ].join("\n");
}

function terms({ pilot, terms, n_slots, n_toys }: ShardingPlan): string[] {
  const hosts = terms.hosts.slice(0, 12).map(({ host, slots, toy_s, startup_s }) =>
    labelLine(host, `${seconds(toy_s)} a toy, ${seconds(startup_s)} start-up a shard, ${slots} slots`)
  );
  const more = terms.hosts.length > 12 ? [`  … and ${terms.hosts.length - 12} more hosts`] : [];
  return [
    `${n_toys} toys on ${n_slots} slots, from ${pilot.run_id} (${pilot.scheduler}, ${pilot.n_toys} toys in ${pilot.shards} shards)`,
    ...hosts,
    ...more,
    labelLine("between two shards", `${terms.gap_s === null ? "not measured" : seconds(terms.gap_s)} on a slot`),
    labelLine("slots begin", `${seconds(terms.stagger_s)} one after the other`),
    labelLine(
      "queue",
      `${terms.queue_s === null ? "not known" : seconds(terms.queue_s)} before the first start (in no makespan)`,
    ),
    labelLine("spread", spreadText(terms)),
  ];
}

function spreadText({ spread, toy_error }: ShardingPlan["terms"]): string {
  if (spread === null || toy_error === null) return "not known from this run";
  const [toy, shard] = [percent(spread.toy), percent(spread.shard)];
  return `± ${toy} from toy to toy, ± ${shard} from shard to shard; mean known to ± ${percent(toy_error)}`;
}

function table({ counts, n_toys, recommended }: ShardingPlan): string {
  const head = [
    "shards",
    "makespan",
    "68 % of draws",
    "static",
    "longest shard",
    "toys/s",
    "slot time",
    "CPU",
    "start-up",
  ];
  const rows = counts.map((one) => [...cells(one, n_toys), one.shards === recommended.shards ? "<-" : ""]);
  return textTable([head, ...rows], { align: "r".repeat(head.length), indent: "  " }).join("\n");
}

function legend({ uncertainty }: ShardingPlan): string[] {
  return [
    "  makespan  where each slot takes the next shard when it is free",
    "  static    makespan where shards are dealt to slots beforehand, as --static does",
    `  <-        recommended: of the counts within ${
      percent(alikeShare(uncertainty))
    } of the best makespan the first with ${EVENING} shards for each slot, else the first`,
  ];
}

function cells(one: PlannedCount, n_toys: number): string[] {
  const { median, q16, q84 } = one.pulled_makespan_s;
  return [
    `${one.shards}`,
    seconds(median),
    q16 === null || q84 === null ? "not known" : `${seconds(q16)} to ${seconds(q84)}`,
    seconds(one.static_makespan_s),
    seconds(one.max_shard_elapsed_s),
    median > 0 ? significant(n_toys / median) : "",
    duration(one.slot_s),
    one.cpu_s === null ? "" : duration(one.cpu_s),
    percent(one.startup_share),
  ];
}

function recommendation({ recommended, self_check, uncertainty }: ShardingPlan): string[] {
  const { shards, time_limit_s, memory_mib } = recommended;
  const memory = memory_mib === null ? "" : `, memory ${memory_mib} MiB`;
  const check = self_check.measured_s === null
    ? "that run has no makespan to compare with"
    : `for that run itself it gives ${seconds(self_check.predicted_s)}, measured were ${
      seconds(self_check.measured_s)
    }`;
  return [
    `Recommended: --shards ${shards}, time limit ${clockTime(time_limit_s)} a shard${memory}`,
    uncertainty === null
      ? `How sure: not known from that run (${check}); one of several shards a host tells`
      : `How sure: ± ${
        percent(uncertainty)
      } as far as that run tells (${check}); a pool that is busier than then takes longer`,
  ];
}
