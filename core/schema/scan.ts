import * as z from "./zod.ts";
import { Count, PositiveCount } from "./enums.ts";

/** Members of the document of a scan, and of its summary: what all its runs have in common. */
export const SCAN_RUNS = { workload: z.string(), scheduler: z.string(), config: z.string() };

/** Members of the document of a scan: its toys, and where its runs are. */
export const SCAN_TOYS = {
  /** Toys of each point (of each hypothesis), as rendered. */
  n_toys: PositiveCount,
  seed: Count,
  /** Seeds from one point to the next: no two points share a toy. */
  seed_stride: Count,
  out_root: z.string(),
};
