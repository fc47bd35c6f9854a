import { join } from "node:path";
import { isOlderFrame } from "../../core/merge/equal.ts";
import { judgedGuardrails } from "../../core/merge/guardrails.ts";
import { mergedParts } from "../../core/merge/merged_document.ts";
import { type Mismatch, mismatches } from "../../core/merge/prove.ts";
import { FrameReader } from "../../core/merge/source_facts.ts";
import {
  type ArrayEntries,
  entriesInBytes,
  readOutputText,
  type TextSpan,
  TOY_ARRAYS,
  type ToyArray,
} from "../../core/output.ts";
import { MERGED } from "../../core/run_paths.ts";
import { Merged, type Merged as MergedDocument } from "../../core/schema/merged.ts";
import { decodeText, MAX_TEXT_BYTES, readRegular } from "../fs/read.ts";
import type { Run } from "../run/load_manifest.ts";
import { mergedSet, type Proof, proofOf } from "./merged_set.ts";
import { upperLimit } from "../system/distributions.ts";
import { partList } from "./part_list.ts";
import { BETWEEN, type Part, PartReader } from "./read_part.ts";
import { runSources, type Sources, withLeftOut } from "./sources.ts";
import { TextStore } from "./text_store.ts";

/**
 * Merges the shards again, compares byte for byte with merged.out.json, and returns the first difference; null where
 * there is none. Null too where no comparison is possible: the document is of other scripts, or too large.
 * @throws {Unreadable}
 * @throws {SyntaxError}
 */
export function remergeFault({ dir, manifest_path }: Pick<Run, "dir" | "manifest_path">): string | null {
  const path = join(dir, MERGED);
  if (Deno.lstatSync(path).size > MAX_TEXT_BYTES) return null;
  const bytes = readRegular(path, MAX_TEXT_BYTES);
  const text = decodeText(bytes);
  const { output, entries } = readOutputText(text);
  const document = Merged.safeParse(output.frame);
  if (!document.success || document.data.merge.farm === undefined) return null;
  const in_bytes = entries && entriesInBytes(text, bytes.length, entries);
  if (!entries || !in_bytes) return "does not have the layout of a merge";
  const { partial, unrecorded } = document.data.merge.farm;
  const sources = runSources(manifest_path, Array.isArray(unrecorded) && unrecorded.length > 0);
  const whole = compareArrays(sources, bytes, in_bytes);
  const odd = partial === true ? mismatches(whole.proof.read.facts) : [];
  const compared = odd.length === 0 ? whole : compareArrays(without(sources, odd), bytes, in_bytes);
  return compared.fault ?? frameFault(sources, compared.proof, document.data, text, entries);
}

function without(sources: Sources, odd: Mismatch[]): Sources {
  const why = new Map(odd.map(({ source, what }) => [source.path, what]));
  return { ...sources, orders: [...withLeftOut(sources.context, sources.orders, why)] };
}

/** Merges again, part by part, and compares each part with the document. */
function compareArrays(
  sources: Sources,
  bytes: Uint8Array,
  entries: ArrayEntries,
): { fault: string | null; proof: Proof } {
  const list = partList(sources.orders, sources.context.manifest?.farm?.pulls !== false);
  const reader = new PartReader(sources.context, list.values, new TextStore("", Infinity));
  const next = { converged: 0, nll: 0, poi_hat: 0, poi_sigma: 0 };
  const [parts, frames]: [Part[], FrameReader] = [[], new FrameReader()];
  let fault: string | null = null;
  for (const cut of list.cuts) {
    const { texts, ...part } = reader.read(sources.orders.slice(...cut));
    parts.push({ ...part, texts: null });
    for (const name of texts ? TOY_ARRAYS : []) fault ??= compareArray(name, texts?.[name], bytes, entries[name], next);
  }
  for (const name of TOY_ARRAYS) {
    const [from, to] = entries[name];
    if (next[name] !== to - from) fault ??= `has more toys in results.${name} than the shards have`;
  }
  const facts = parts.flatMap((part) => part.facts.map((one) => frames.adopt(one)));
  const problems = parts.flatMap((part) => part.problems);
  return { fault, proof: proofOf(sources, { facts, problems, values: list.values, texts: [], close: () => {} }) };
}

function compareArray(
  name: ToyArray,
  piece: NonNullable<Part["texts"]>[ToyArray] | undefined,
  bytes: Uint8Array,
  [from, to]: TextSpan,
  next: Record<ToyArray, number>,
): string | null {
  const wanted = piece && "bytes" in piece ? piece.bytes : new Uint8Array(0);
  for (const text of next[name] > 0 ? [BETWEEN, wanted] : [wanted]) {
    const at = from + next[name];
    if (at + text.length > to) return `has fewer toys in results.${name} than the shards have`;
    const i = firstDifference(bytes.subarray(at, at + text.length), text);
    if (i >= 0) return `differs from its shards at byte ${at + i}, in results.${name}`;
    next[name] += text.length;
  }
  return null;
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return i;
  return -1;
}

/** Compares everything around the arrays, except dates, versions and paths. */
function frameFault(
  sources: Sources,
  proof: Proof,
  document: MergedDocument,
  text: string,
  entries: ArrayEntries,
): string | null {
  const { merge } = document;
  const [version = "", path = ""] = [merge.farm?.["nsfarm_version"], merge.manifest?.path].map(String);
  const set = mergedSet(sources, proof, judgedGuardrails(document.guardrails), {
    now_utc: merge.created_at_utc,
    nsfarm_version: version,
  }, upperLimit);
  if (!set) return "has toys, though no shard is valid";
  const written = new Map(merge.sources.map((source) => [source.shard_index, source.path]));
  const moved = set.sources.map((source) => ({ ...source, path: written.get(source.shard_index) ?? source.path }));
  const [head, ...rest] = moved;
  if (!head) return null;
  const origin = { ...set.origin, manifest_path: path };
  const wanted = mergedParts({ ...set, sources: [head, ...rest], origin }).filter((part) => typeof part === "string");
  if (isOlderFrame(frameText(text, entries), wanted.join(""))) return null;
  let at = 0;
  for (const [i, name] of [...TOY_ARRAYS, null].entries()) {
    const to = name === null ? text.length : entries[name][0];
    if (text.slice(at, to) !== `${wanted[i]}${name === null ? "\n" : ""}`) {
      return `differs from its shards ${name === null ? "after its arrays" : `before results.${name}`}`;
    }
    at = name === null ? to : entries[name][1];
  }
  return null;
}

/** Returns a document without the entries of its arrays. */
function frameText(text: string, entries: ArrayEntries): string {
  const spans = TOY_ARRAYS.map((name) => entries[name]);
  const froms = [0, ...spans.map(([, to]) => to)];
  return froms.map((from, i) => text.slice(from, spans[i]?.[0] ?? text.length)).join("");
}
