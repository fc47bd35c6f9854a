/**
 * What other programs may import: the type of an adapter, the schemas of all documents, and the rules by which toys are
 * split into shards and merged ranges are judged.
 */
export type {
  AdapterCalls,
  AdapterFacts,
  Answer,
  Chunk,
  Command,
  CommandResult,
  Finish,
  Handle,
  LogWord,
  NativeState,
  Place,
  RenderContext,
  Rendered,
  RenderedFile,
  SchedulerAdapter,
  SchedulerLimits,
  SchedulerOption,
  SubmitAnswer,
  SubmitLimit,
  UnclearSubmission,
} from "./schedulers/adapter.ts";
export { ADAPTER_API_VERSION } from "./schedulers/adapter.ts";
export * from "./core/contracts/attempt.ts";
export * from "./core/contracts/in_job.ts";
export * from "./core/contracts/kinds.ts";
export * from "./core/contracts/manifest.ts";
export * from "./core/contracts/merge_report.ts";
export * from "./core/contracts/merge_status.ts";
export * from "./core/contracts/merged.ts";
export * from "./core/contracts/run_times.ts";
export * from "./core/contracts/shard_output.ts";
export * from "./core/contracts/shard_record.ts";
export * from "./core/contracts/submit_meta.ts";
export type { PoolNode } from "./core/contracts/sweep.ts";
export * from "./core/contracts/worker.ts";
export { cutRange, splitToys, type ToyRange } from "./core/split.ts";
export { joinRanges, missingRanges, overlaps, type SeedRange } from "./core/merge/toy_ranges.ts";
export { equalFault, isEqualNumber, type Where } from "./core/merge/equal.ts";
export type { ShardOutput } from "./core/read_output.ts";
