import type { Output } from "../../../commands/flags.ts";

/** Where a command's words go, kept to be looked at. */
interface KeptOutput extends Output {
  printed: string[];
  notes: string[];
  documents: unknown[];
}

export function keptOutput(): KeptOutput {
  const [printed, notes, documents]: [string[], string[], unknown[]] = [[], [], []];
  return {
    json: false,
    printed,
    notes,
    documents,
    print: (text) => void printed.push(text),
    note: (text) => void notes.push(text),
    warn: (text) => void notes.push(`warning: ${text}`),
    document: (value) => void documents.push(value),
  };
}
