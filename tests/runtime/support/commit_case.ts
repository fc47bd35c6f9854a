import { createHash } from "node:crypto";
import * as z from "zod/mini";
import { readShardOutput } from "../../../core/output.ts";
import type { FarmManifest, Plan } from "../../../core/schema/manifest.ts";
import { METRICS_SCHEMA } from "../../../core/schema/shard_record.ts";
import type { Result } from "../../../runtime/shard/commit.ts";
import { sampleFrame } from "../../fixtures/output.ts";
import { planOf, sampleManifest, sampleRecord } from "../../fixtures/run.ts";

export const MANIFEST: FarmManifest = sampleManifest({ n_toys: 2, shards: 2 });
export const PLAN: Plan = planOf(MANIFEST, 0);

/** The text of an attempt's output: `shift` moves its numbers, and blanks make its bytes its own. */
export const outText = (attempt: number, shift: number): string =>
  JSON.stringify(sampleFrame(MANIFEST, PLAN, shift)) + " ".repeat(attempt) + "\n";

export const incoming = (dir: string, attempt: number): string => `${dir}/incoming/shard_0.${attempt}.out.json`;

/** A checked result of an attempt, whose output lies in incoming/. */
export function resultOf(dir: string, attempt: number, shift: number): Result {
  const text = outText(attempt, shift);
  return {
    out_path: incoming(dir, attempt),
    output: {
      output: readShardOutput(JSON.parse(text)),
      bytes: text.length,
      sha256: createHash("sha256").update(text).digest("hex"),
      entries: null,
    },
    metrics: { schema_version: METRICS_SCHEMA, status: { ok: true }, timing: {} },
    record: sampleRecord(MANIFEST, PLAN, { attempt, host: `n${attempt}` }),
  };
}

/** What a worker is told to do. */
export const Job = z.object({
  dir: z.string(),
  /** 1 or 2: whose temporary files are whose. */
  worker: z.number(),
  attempt: z.number(),
  shift: z.number(),
  /** Before which of its changes to the disk it is killed; -1: never. */
  killed_before: z.number(),
  links: z.boolean(),
});
export type Job = z.infer<typeof Job>;

/** How its commit ended, how many changes to the disk it had made or begun, and which of them others can see. */
export const Outcome = z.object({
  kind: z.string(),
  what: z.string(),
  changes: z.number(),
  seen: z.array(z.number()),
});
export type Outcome = z.infer<typeof Outcome>;
