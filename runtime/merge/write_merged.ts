import type { ToyArray } from "../../core/output.ts";
import { type FileSum, type Fill, writeStreamed } from "../fs/write.ts";
import { BETWEEN, type Part } from "./read_part.ts";
import { copyPiece } from "./text_store.ts";

/** A merged document in pieces: texts, and the names of arrays; plain data, so that it can be sent to a Worker. */
export interface MergedPieces {
  parts: (string | { name: ToyArray })[];
  texts: NonNullable<Part["texts"]>[];
}

const encoder = new TextEncoder();

/** Returns the function that writes the document's bytes. */
export function mergedFill({ parts, texts }: MergedPieces): Fill {
  return (write) => {
    for (const part of parts) {
      if (typeof part === "string") write(encoder.encode(part));
      else copyArray(texts, part.name, write);
    }
    write(encoder.encode("\n"));
  };
}

function copyArray(texts: MergedPieces["texts"], name: ToyArray, write: (bytes: Uint8Array) => void): void {
  for (const [i, pieces] of texts.entries()) {
    if (i > 0) write(BETWEEN);
    copyPiece(pieces[name], write);
  }
}

/**
 * Writes merged.out.json whole, or not at all.
 * @param hash hashes the bytes meanwhile on another thread; undefined where that is not possible
 * @throws {FarmError} input, when it cannot be written
 */
export function writeMerged(
  path: string,
  pieces: MergedPieces,
  hash: ((pieces: MergedPieces) => Promise<FileSum | undefined>) | undefined,
): Promise<FileSum> {
  return writeStreamed(path, mergedFill(pieces), hash && (() => hash(pieces)));
}
