import type { ShardOutput } from "../../core/output.ts";
import { isObject } from "../../core/quick_check.ts";
import type { FarmManifest, Plan } from "../../core/schema/manifest.ts";
import { Metrics } from "../../core/schema/shard_record.ts";
import { NEXT_DOCUMENT } from "../../core/starts/command.ts";
import { lowestOutput, sameToysFault } from "../../core/starts/lowest.ts";
import { workloadOf } from "../../core/workload/registry.ts";
import { withToys } from "../../core/workload/workload.ts";
import {
  decodeText,
  MAX_DOCUMENT_BYTES,
  ofSchema,
  parseText,
  readDocument,
  readForNow,
  Unreadable,
} from "../fs/read.ts";
import { writeWhole } from "../fs/write.ts";
import { asUnreadable, type CheckedOutput, maxOutputBytes, parseChecked, readOutput } from "./read.ts";

/**
 * Reads the output that a fit has left, and checks that it holds the planned toys. Where it holds the outputs of several
 * starts, their combination replaces them first: the lowest fit of each toy.
 */
export function readFitOutput(path: string, manifest: FarmManifest, plan: Plan): CheckedOutput | Unreadable {
  const { starts } = manifest.farm;
  if (!starts) return readOutput(path, manifest, plan);
  try {
    const { bytes } = readForNow(path, starts.k * maxOutputBytes(plan.n_toys));
    const documents = documentsIn(decodeText(bytes));
    if (documents === null) return readOutput(path, manifest, plan);
    const outputs = outputsOf(documents, manifest, plan);
    const fault = sameToysFault(outputs);
    if (fault !== null) return new Unreadable(`holds fits that are not of the same toys: ${fault}`, false, true);
    writeWhole(path, lowestOutput(outputs));
  } catch (error) {
    return asUnreadable(error);
  }
  return readOutput(path, manifest, plan);
}

/** Returns the documents of a file that holds those of several starts; null: it holds one document. */
function documentsIn(text: string): string[] | null {
  return text.startsWith(NEXT_DOCUMENT) ? text.slice(1).split(NEXT_DOCUMENT) : null;
}

/** Returns the outputs of all starts, in their order. @throws {Unreadable} where one is not of the planned toys */
function outputsOf(documents: readonly string[], manifest: FarmManifest, plan: Plan): ShardOutput[] {
  const { starts, ...farm } = manifest.farm;
  if (documents.length !== starts?.k) {
    throw new Unreadable(`holds the fits of ${documents.length} starts, planned are ${starts?.k}`, false);
  }
  // Each is an output of nextstat, which knows of one start only.
  const single = { ...manifest, farm };
  const workload = workloadOf(single);
  const outputs: ShardOutput[] = [];
  for (const [i, text] of documents.entries()) {
    try {
      outputs.push(withToys(parseChecked(workload, text, (output) => workload.planFault(single, plan, output)).output));
    } catch (error) {
      const { message, other_toys } = asUnreadable(error);
      throw new Unreadable(`of start ${i} ${message}`, false, other_toys);
    }
  }
  return outputs;
}

/** Reads nextstat's metrics of a fit: those of several starts as one, with the sums of their times. @throws {Unreadable} */
export function readFitMetrics(path: string, { farm: { starts } }: FarmManifest): Metrics {
  if (!starts) return readDocument(path, Metrics);
  const documents = documentsIn(decodeText(readForNow(path, MAX_DOCUMENT_BYTES).bytes));
  if (documents === null) return readDocument(path, Metrics);
  const all = documents.map((text) => ofSchema(parseText(text), Metrics));
  const [first] = all;
  if (!first) throw new Unreadable("is empty", false);
  // Further numbers are those of the toys' fits from one start alone.
  const { metrics: _, ...own } = first;
  return { ...own, timing: all.map(({ timing }) => timing).reduce(addTimes) };
}

type Timing = Metrics["timing"];

/** Adds times member by member, at any depth; a member that is no number is that of the first. */
function addTimes(a: Timing, b: Timing): Timing {
  return Object.fromEntries(Object.entries(a).map(([name, value]) => [name, added(value, b[name])]));
}

function added(a: unknown, b: unknown): unknown {
  if (typeof a === "number" && typeof b === "number") return a + b;
  return isObject(a) && isObject(b) ? addTimes(a, b) : a;
}
