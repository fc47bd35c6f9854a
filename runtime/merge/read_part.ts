import { join } from "node:path";
import { isFarmManifest } from "../../core/check_manifest.ts";
import { orElse } from "../../core/errors.ts";
import { entriesText } from "../../core/merge/json_text.ts";
import { FrameReader, type SourceFacts } from "../../core/merge/source_facts.ts";
import {
  ENTRY_BREAK,
  putNothing,
  putValues,
  type ShardOutput,
  TOY_ARRAYS,
  type ToyArray,
  type ToyValues,
} from "../../core/output.ts";
import { metricsName, outName } from "../../core/run_paths.ts";
import type { FarmManifest, Manifest, Plan } from "../../core/schema/manifest.ts";
import type { Problem } from "../../core/schema/merge_report.ts";
import { Metrics } from "../../core/schema/shard_record.ts";
import type { AnyOutput } from "../../core/workload/workload.ts";
import { readDocument, Unreadable } from "../fs/read.ts";
import { readOldShard } from "../shard/old_run.ts";
import { type CheckedOutput, readOutput, readRecord, readShard, withEachToy } from "../shard/read.ts";
import { type Found, origin, readInput } from "./read_input.ts";
import type { InputOrder, OldOrder, ReadContext, RunOrder, Slice, SourceOrder } from "./sources.ts";
import { TextBuffer, type TextPiece, type TextStore } from "./text_store.ts";

/** Reads and checks one output of a merge. Problems are returned as data. */
function readSource(context: ReadContext, order: SourceOrder): Found {
  const { left_out } = order;
  if (left_out !== undefined) return problem(order.kind === "input" ? null : order.plan, left_out);
  if (order.kind === "input") return readInput(order.path);
  const found = readRunShard(context, order);
  return "problem" in found ? found : { ...found, output: withEachToy(found.output) };
}

/** Reads and checks one shard of a run, of any workload. Problems are returned as data. */
export function readRunShard(context: ReadContext, order: RunOrder): Found<AnyOutput> {
  const { manifest } = context;
  if (!manifest) throw new Error("A shard of a run is read without its manifest");
  if (order.kind === "old") return readOld(manifest, order);
  if (!isFarmManifest(manifest)) throw new Error("A shard with a record is read with the manifest of an old run");
  return readRecorded(context, manifest, order.plan);
}

function readRecorded({ dir, accept_unrecorded }: ReadContext, manifest: FarmManifest, plan: Plan): Found<AnyOutput> {
  const found = readShard(dir, manifest, plan, readRecord);
  const out = outName(plan.shard_index);
  const path = join(dir, out);
  if (found.kind === "done") {
    return { origin: origin(plan, out, path, found.metrics.farm), output: found.output };
  }
  if (found.kind === "absent") return problem(plan, `${out} is not there`);
  if (found.kind === "bad") return problem(plan, `${found.file} ${found.what}`);
  if (!accept_unrecorded) return problem(plan, found.kind === "foreign" ? foreign(found) : `${out} has no record yet`);
  const output = found.kind === "uncommitted" ? found.output : readForeign(dir, manifest, plan);
  if (output instanceof Unreadable) return problem(plan, `${out} ${output.message}`);
  return { origin: origin(plan, out, path, null), output };
}

const foreign = ({ file, what }: { file: string; what: string }) =>
  `${file} ${what}; --accept-unrecorded takes its output all the same`;

/** Reads a result whose record is of another run: it must at least have the sha256 of this record. */
function readForeign(dir: string, manifest: FarmManifest, plan: Plan): CheckedOutput | Unreadable {
  const record = readRecord(join(dir, metricsName(plan.shard_index)));
  const output = readOutput(join(dir, outName(plan.shard_index)), manifest, plan);
  if (output instanceof Unreadable || record instanceof Unreadable) return output;
  if (record.farm.spec_sha256 !== manifest.farm.spec_sha256) return new Unreadable("was made with another spec", false);
  const same = record.farm.out_sha256 === output.sha256;
  return same ? output : new Unreadable("does not have the sha256 of its record", false);
}

const problem = (plan: Plan | null, what: string): { problem: Problem } => ({
  problem: { shard_index: plan?.shard_index ?? null, what },
});

function readOld(manifest: Manifest, order: OldOrder): Found<AnyOutput> {
  const { plan, out, host, elapsed_s } = order;
  const nextstat_version = toolVersion(order.metrics);
  const found = readOldShard(manifest, order);
  const name = outName(plan.shard_index);
  if (found.kind === "absent") return problem(plan, `${name} is not there`);
  if (found.kind === "bad") return problem(plan, `${name} ${found.what}`);
  return {
    origin: { ...origin(plan, name, out, null), host, elapsed_s, nextstat_version },
    output: found.output,
  };
}

const toolVersion = (metrics: string): string | null =>
  orElse(null, () => {
    const version = readDocument(metrics, Metrics)["tool_version"];
    return typeof version === "string" ? version : null;
  });

const NEWLINE = 0x0a;
const COMMA = 0x2c;

/** A merged document whose toys are read in slices, in order. */
interface Opened {
  found: Found;
  cursors: Record<ToyArray, Cursor>;
}

/** Position up to which an array's text was read. */
interface Cursor {
  entries: number;
  bytes: number;
}

/** Reads inputs; an input in slices stays open from its first slice to its last. */
class SliceReader {
  readonly #opened = new Map<string, Opened>();

  constructor(readonly context: ReadContext) {}

  /** Returns an output with the toys of the order's slice; its origin is that of the whole output. */
  read(order: InputOrder): Found {
    const { slice } = order;
    if (!slice) return readSource(this.context, order);
    const opened = (slice.from > 0 ? this.#opened.get(order.path) : undefined) ?? this.#open(order);
    if (slice.from + order.n_toys >= slice.of) this.#opened.delete(order.path);
    const { found, cursors } = opened;
    if ("problem" in found) return found;
    return { origin: found.origin, output: sliceOf(found.output, slice, order.n_toys, cursors) };
  }

  #open(order: InputOrder): Opened {
    const found = readSource(this.context, order);
    const start = () => ({ entries: 0, bytes: 0 });
    const cursors = { converged: start(), nll: start(), poi_hat: start(), poi_sigma: start() };
    const opened = { found: "problem" in found ? found : { ...found, output: kept(found.output) }, cursors };
    this.#opened.set(order.path, opened);
    return opened;
  }
}

/** Returns the output with a copy of its text, whose buffer the next file overwrites. */
function kept(checked: CheckedOutput<ShardOutput>): CheckedOutput<ShardOutput> {
  const { entries, output: { frame: { results: { n_toys } } } } = checked;
  const isCuttable = entries !== null && TOY_ARRAYS.every((name) => hasLines(entries[name], n_toys));
  return { ...checked, entries: isCuttable ? ofEach((name) => entries[name].slice()) : null };
}

/** Whether each entry has a line of its own. */
function hasLines(text: Uint8Array, n_entries: number): boolean {
  let [commas, breaks] = [0, 0];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === COMMA) commas++;
    else if (text[i] === NEWLINE && (text[i - 1] !== COMMA || ++breaks > n_entries)) return false;
  }
  return commas === n_entries - 1 && breaks === commas;
}

function sliceOf(
  whole: CheckedOutput<ShardOutput>,
  { from, poi_true }: Slice,
  n_toys: number,
  cursors: Record<ToyArray, Cursor>,
): CheckedOutput<ShardOutput> {
  const { output, entries } = whole;
  const to = from + n_toys;
  const { frame } = output;
  const part: ShardOutput = {
    frame: { ...frame, results: { ...frame.results, poi_true } },
    converged: output.converged.slice(from, to),
    poi_hat: output.poi_hat.subarray(from, to),
    poi_sigma: output.poi_sigma.subarray(from, to),
    nll: output.nll.subarray(from, to),
  };
  return { ...whole, output: part, entries: entries && ofEach((name) => cut(entries[name], cursors[name], from, to)) };
}

function ofEach(of: (name: ToyArray) => Uint8Array): Record<ToyArray, Uint8Array> {
  const [converged, nll, poi_hat, poi_sigma] = TOY_ARRAYS.map(of);
  if (!converged || !nll || !poi_hat || !poi_sigma) throw new Error("An output has four arrays");
  return { converged, nll, poi_hat, poi_sigma };
}

/** Returns the entries `from` to `to` (exclusive), one a line, without the comma after the last. */
function cut(text: Uint8Array, cursor: Cursor, from: number, to: number): Uint8Array {
  const first = skipTo(text, cursor, from);
  const end = skipTo(text, cursor, to);
  let last = end;
  while (last > first && text[last - 1] !== COMMA) last--;
  return text.subarray(first, end === text.length ? end : last - 1);
}

/** Moves on to the beginning of an entry: after the blanks of its line. */
function skipTo(text: Uint8Array, cursor: Cursor, entry: number): number {
  while (cursor.entries < entry) {
    const newline = text.indexOf(NEWLINE, cursor.bytes);
    cursor.bytes = newline < 0 ? text.length : newline + 1;
    cursor.entries++;
  }
  let begin = cursor.bytes;
  while (begin < text.length && text[begin] === 0x20) begin++;
  return begin;
}

/** The contribution of some neighbouring outputs to a merge; their values are in the common arrays. */
export interface Part {
  facts: SourceFacts[];
  problems: Problem[];
  /** The joined entries of each array; null where no output was valid. */
  texts: Record<ToyArray, TextPiece> | null;
}

const encoder = new TextEncoder();

/** Bytes between the entries of two outputs. */
export const BETWEEN = encoder.encode(ENTRY_BREAK);

/** Reads neighbouring outputs, in toy order. */
export class PartReader {
  readonly #frames = new FrameReader();
  readonly #slices: SliceReader;
  readonly #texts = {
    converged: new TextBuffer(),
    nll: new TextBuffer(),
    poi_hat: new TextBuffer(),
    poi_sigma: new TextBuffer(),
  };

  constructor(readonly context: ReadContext, readonly values: ToyValues, readonly store: TextStore) {
    this.#slices = new SliceReader(context);
  }

  read(orders: readonly SourceOrder[]): Part {
    const part: Part = { facts: [], problems: [], texts: null };
    for (const order of orders) this.#take(order, part);
    if (part.facts.length > 0) part.texts = this.#keepTexts();
    return part;
  }

  #take(order: SourceOrder, part: Part): void {
    const slice = order.kind === "input" ? order.slice : null;
    const found = order.kind === "input" ? this.#slices.read(order) : readSource(this.context, order);
    // The first slice of an input speaks for the whole input.
    const is_first = slice === null || slice.from === 0;
    if ("problem" in found) {
      if (is_first) part.problems.push(found.problem);
      return putNothing(this.values, order.at, order.n_toys);
    }
    const { origin, output } = found;
    const n_toys = slice ? slice.of : order.n_toys;
    if (origin.n_toys !== n_toys) throw new Error(`${origin.path} changed while it was merged`);
    if (is_first) part.facts.push(this.#frames.read(origin, output.output.frame));
    putValues(this.values, order.at, output.output);
    for (const name of TOY_ARRAYS) {
      const entries = output.entries?.[name] ?? encoder.encode(entriesText(output.output, name));
      this.#texts[name].append(entries, BETWEEN);
    }
  }

  #keepTexts(): Record<ToyArray, TextPiece> {
    const keep = (name: ToyArray) => this.store.put(this.#texts[name].take());
    return { converged: keep("converged"), nll: keep("nll"), poi_hat: keep("poi_hat"), poi_sigma: keep("poi_sigma") };
  }
}
