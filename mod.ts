/**
 * The exports for other programs: the type of an adapter, the schemas of all documents, and the rules for splitting
 * toys into shards and judging merged ranges.
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
export * from "./core/schema/attempt.ts";
export * from "./core/schema/scheduler.ts";
export * from "./core/schema/enums.ts";
export * from "./core/schema/hypotest.ts";
export * from "./core/schema/manifest.ts";
export * from "./core/schema/merge_report.ts";
export * from "./core/schema/merged.ts";
export * from "./core/schema/run_times.ts";
export * from "./core/schema/shard_output.ts";
export * from "./core/schema/shard_record.ts";
export * from "./core/schema/submit_meta.ts";
export type { PoolNode } from "./core/schema/sweep.ts";
export { cutRange, splitToys, type ToyRange } from "./core/toys.ts";
export { joinRanges, missingRanges, overlaps, type SeedRange } from "./core/toy_ranges.ts";
export { equalFault, isEqualNumber, type Machines } from "./core/merge/equal.ts";
export type { ShardOutput } from "./core/output.ts";
