import type { Manifest, Plan } from "../../core/contracts/manifest.ts";

/** One output that a merge wants: plain data, so that it can be handed to a Worker. */
export type SourceOrder =
  | { kind: "shard"; plan: Plan; at: number; n_toys: number }
  | {
    kind: "old";
    plan: Plan;
    at: number;
    n_toys: number;
    out: string;
    metrics: string;
    rc: number | null;
    host: string | null;
    elapsed_s: number | null;
  }
  | { kind: "input"; path: string; at: number; n_toys: number };

/** What a merge's readers have in common. */
export interface ReadContext {
  dir: string;
  manifest: Manifest | null;
  /** Take results without a record, and those whose record is of another run. */
  accept_unrecorded: boolean;
}
