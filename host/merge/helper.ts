import { errorText } from "../../core/errors.ts";
import { type PartOrder, takeParts } from "./part_order.ts";
import { type Part, PartReader } from "./read_part.ts";
import { type TextPiece, TextStore } from "./text_store.ts";

/**
 * A second thread for a large merge. The Worker's program is this very file; in the bundled program it is the whole
 * bundle, whose main.ts must then load this file instead of reading the command line, and says by this flag that it does.
 */
const FLAG = "__NSFARM_HELPERS__";
const SOURCE_NAME = "/host/merge/helper.ts";

type Message = { kind: "part"; index: number; part: Part } | { kind: "end" } | { kind: "bug"; message: string };

export interface Helper {
  /** What it has read, when it has found the list empty; less than it took where it failed. */
  parts: Promise<Map<number, Part>>;
}

/** Starts a Worker on a list of parts; undefined where there can be none. */
export function startHelper(order: PartOrder): Helper | undefined {
  const can = import.meta.url.endsWith(SOURCE_NAME) || Reflect.get(globalThis, FLAG) === true;
  if (!can || isHelperScope(globalThis)) return undefined;
  const worker = new Worker(import.meta.url, { type: "module", name: "nsfarm-deno merge helper" });
  const parts = new Map<number, Part>();
  const ended = new Promise<Map<number, Part>>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Message>) => {
      if (data.kind === "part") parts.set(data.index, data.part);
      else if (data.kind === "end") resolve(parts);
      else reject(new Error(data.message));
    };
    worker.onerror = (event) => {
      // Its work is done by whoever waits for it: a merge does not depend on there being a second thread.
      event.preventDefault();
      resolve(parts);
    };
  });
  worker.postMessage(order);
  return { parts: ended.finally(() => worker.terminate()) };
}

interface HelperScope {
  onmessage: ((event: MessageEvent<PartOrder>) => void) | null;
  postMessage(message: Message, transfer?: Transferable[]): void;
}

function isHelperScope(scope: unknown): scope is HelperScope {
  return typeof scope === "object" && scope !== null && "WorkerGlobalScope" in scope;
}

function serve(scope: HelperScope, order: PartOrder): void {
  const store = new TextStore(order.spill, order.memory_bytes);
  try {
    const reader = new PartReader(order.context, order.values, store);
    takeParts(order, reader, (index, part) => scope.postMessage({ kind: "part", index, part }, buffersOf(part)));
    store.close();
    scope.postMessage({ kind: "end" });
  } catch (error) {
    store.close();
    scope.postMessage({ kind: "bug", message: errorText(error) });
  }
}

/** The texts are handed over, not copied. */
function buffersOf({ texts }: Part): Transferable[] {
  const pieces: TextPiece[] = Object.values(texts ?? {});
  return pieces.flatMap((piece) =>
    "bytes" in piece && piece.bytes.buffer instanceof ArrayBuffer ? piece.bytes.buffer : []
  );
}

const scope: unknown = globalThis;
if (isHelperScope(scope)) scope.onmessage = ({ data }) => serve(scope, data);
