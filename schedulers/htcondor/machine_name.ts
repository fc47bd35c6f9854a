import { quoteWord } from "../../core/shell_quote.ts";

/** The machine of `slot1_2@e1.example.org` or of an address with `alias=e1.example.org`; null where there is neither. */
export function machineOf(text: string | undefined): string | null {
  const name = /(?:^|[\s])[^\s@<>]+@([A-Za-z0-9][A-Za-z0-9._-]*)/.exec(text ?? "")?.[1];
  return name ?? /[?&]alias=([A-Za-z0-9][A-Za-z0-9._-]*)/.exec(text ?? "")?.[1] ?? null;
}

/**
 * What a person can type so that no job of a run goes there any more.
 * @param before the requirements that the run has already
 */
export function excludingLine(machine: string, before?: string): string {
  const not = `(Machine != "${machine}")`;
  return `--condor-requirements ${quoteWord(before === undefined ? not : `(${before}) && ${not}`)}`;
}
