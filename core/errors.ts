/** Exit codes of the program; core/reference.ts has their meanings. */
export const EXIT_CODES = {
  done: 0,
  bug: 1,
  usage: 2,
  input: 3,
  unreachable: 4,
  shards: 5,
  guardrails: 6,
  interrupted: 130,
  terminated: 143,
} as const;

type ErrorKind = Exclude<keyof typeof EXIT_CODES, "done" | "bug">;

/** Error that the user can fix. `message`: what was being done, the value and what was wanted; `next`: what to do. */
export class FarmError extends Error {
  constructor(readonly kind: ErrorKind, message: string, readonly next?: string) {
    super(message);
    this.name = "FarmError";
  }

  get exitCode(): number {
    return EXIT_CODES[this.kind];
  }
}

/** Returns whether it is a FarmError. By its name: the built program has the class in its start and in the rest. */
export const isFarmError = (error: unknown): error is FarmError => error instanceof Error && error.name === "FarmError";

/** Returns an error as the program prints it: the message, and the next step below it. */
export const printedError = ({ message, next }: Pick<FarmError, "message" | "next">): string =>
  `nsfarm-deno: ${message}${next ? `\n  ${next}` : ""}`;

/** Reads the first error that this program printed among other lines; null: there is none. */
export function readPrintedError(text: string): Pick<FarmError, "message" | "next"> | null {
  const [, message, next] = /^nsfarm-deno: (.+)(?:\n {2}(\S.*))?$/m.exec(text) ?? [];
  return message === undefined ? null : { message, next };
}

/** Returns the text of anything thrown, on one line. */
export function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(/\s*\n\s*/g, "; ");
}

/** Returns what `work` returns; `other` where it throws, whatever the reason. */
export function orElse<T, U>(other: U, work: () => T): T | U {
  try {
    return work();
  } catch {
    return other;
  }
}

/** Returns the system's code of an input/output error (ENOENT, ENOSPC …), or undefined. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
