import type { MergedSet } from "../../core/merge/merged_document.ts";
import { mergedParts } from "../../core/merge/merged_document.ts";
import { ENTRY_BREAK } from "../../core/output_text.ts";
import { writeStreamed } from "../write_file.ts";
import type { ReadSet } from "./read_all.ts";
import { copyPiece } from "./text_store.ts";

const encoder = new TextEncoder();
const between = encoder.encode(ENTRY_BREAK);

/** The bytes of a merged document, handed over part by part; the same each time. */
export function mergedBytes(set: MergedSet, read: ReadSet): (write: (bytes: Uint8Array) => void) => void {
  const parts = mergedParts(set);
  return (write) => {
    for (const part of parts) {
      if (typeof part === "string") write(encoder.encode(part));
      else {
        for (const [i, texts] of read.texts.entries()) {
          if (i > 0) write(between);
          copyPiece(texts[part.name], write);
        }
      }
    }
    write(encoder.encode("\n"));
  };
}

/** Writes merged.out.json whole, or not at all. @throws {FarmError} input, when it cannot be written */
export function writeMerged(path: string, set: MergedSet, read: ReadSet): Promise<{ bytes: number; sha256: string }> {
  return writeStreamed(path, mergedBytes(set, read));
}
