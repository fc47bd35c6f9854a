import { statSync } from "node:fs";
import { errorText } from "../../core/errors.ts";
import { manifestPath } from "../load_manifest.ts";
import { fingerprint, runSources, type Sources } from "./open_sources.ts";
import { type PartList, takeParts } from "./part_list.ts";
import { type Part, PartReader } from "./read_part.ts";
import { withLeftOut } from "./source_order.ts";
import { type TextPiece, TextStore } from "./text_store.ts";

/**
 * A second thread for large merges. The Worker's program is this very file; in the bundled program it is the whole
 * bundle, whose main.ts must then load this file instead of reading the command line, and says by this flag that it does.
 */
const FLAG = "__NSFARM_HELPERS__";
const SOURCE_NAME = "/host/merge/helper.ts";

/** From this size of a manifest on (some 1,000 shards) the start of a thread (some 30 ms) is worth it. */
const LARGE_BYTES = 250_000;

type Request =
  /** Sent at once, so that the Worker opens the run while its caller does. */
  | { kind: "open"; run: string; accept_unrecorded: boolean }
  | { kind: "read"; list: PartList; left_out: Map<string, string>; fingerprint: string; spill: string };

type Answer = { kind: "part"; index: number; part: Part } | { kind: "end" } | { kind: "bug"; message: string };

export interface Helper {
  /**
   * Takes parts of a list, until it is empty. It brings fewer than it took where it failed, and none where it sees
   * other shards than its caller: nothing depends on there being a second thread.
   */
  read(sources: Sources, left_out: Map<string, string>, list: PartList, spill: string): Promise<Map<number, Part>>;
  dismiss(): void;
}

/** Starts a second thread on a run; undefined where there can be none, or it would not pay. */
export function callHelper(run: string, accept_unrecorded: boolean): Helper | undefined {
  if (!canHelp() || !isLarge(run)) return undefined;
  const worker = new Worker(import.meta.url, { type: "module", name: "nsfarm-deno merge helper" });
  const send = (request: Request) => worker.postMessage(request);
  let failed = false;
  worker.onerror = (event) => {
    event.preventDefault();
    failed = true;
  };
  send({ kind: "open", run, accept_unrecorded });
  return {
    dismiss: () => worker.terminate(),
    read: (sources, left_out, list, spill) => {
      const parts = new Map<number, Part>();
      if (failed) return Promise.resolve(parts);
      send({ kind: "read", list, left_out, fingerprint: fingerprint(sources), spill });
      return new Promise((resolve, reject) => {
        worker.onmessage = ({ data }: MessageEvent<Answer>) => {
          if (data.kind === "part") parts.set(data.index, data.part);
          else if (data.kind === "end") resolve(parts);
          else reject(new Error(data.message));
        };
        worker.onerror = (event) => {
          event.preventDefault();
          resolve(parts);
        };
      });
    },
  };
}

function canHelp(): boolean {
  if (navigator.hardwareConcurrency < 2 || isHelperScope(globalThis)) return false;
  return import.meta.url.endsWith(SOURCE_NAME) || Reflect.get(globalThis, FLAG) === true;
}

function isLarge(run: string): boolean {
  const info = statSync(manifestPath(run), { throwIfNoEntry: false });
  return info !== undefined && info.size >= LARGE_BYTES;
}

interface HelperScope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(answer: Answer, transfer?: Transferable[]): void;
}

function isHelperScope(scope: unknown): scope is HelperScope {
  return typeof scope === "object" && scope !== null && "WorkerGlobalScope" in scope;
}

/** The Worker's side. */
function serve(scope: HelperScope): void {
  let sources: Sources | undefined;
  scope.onmessage = ({ data }) => {
    if (data.kind === "open") sources = quietly(() => runSources(data.run, data.accept_unrecorded));
    else if (!sources || fingerprint(sources) !== data.fingerprint) scope.postMessage({ kind: "end" });
    else readParts(scope, sources, data);
  };
}

/** What is wrong with a run is told by the one who called for help. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function readParts(scope: HelperScope, sources: Sources, request: Extract<Request, { kind: "read" }>): void {
  const { list, left_out, spill } = request;
  const store = new TextStore(spill, list.memory_bytes);
  const orders = withLeftOut(sources.context, sources.orders, left_out);
  try {
    const reader = new PartReader(sources.context, list.values, store);
    takeParts(list, orders, reader, (index, part) => scope.postMessage({ kind: "part", index, part }, buffersOf(part)));
    scope.postMessage({ kind: "end" });
  } catch (error) {
    scope.postMessage({ kind: "bug", message: errorText(error) });
  } finally {
    store.close();
  }
}

/** The texts are handed over, not copied. */
function buffersOf({ texts }: Part): Transferable[] {
  const pieces: TextPiece[] = Object.values(texts ?? {});
  const buffers = pieces.flatMap((piece) => "bytes" in piece ? [piece.bytes.buffer] : []);
  return buffers.filter((buffer) => buffer instanceof ArrayBuffer);
}

const scope: unknown = globalThis;
if (isHelperScope(scope)) serve(scope);
