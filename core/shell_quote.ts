/** Quotes one word for a POSIX shell: nothing is special between single quotes (POSIX.1-2017, XCU 2.2.2). */
export function quoteWord(word: string): string {
  if (/^[A-Za-z0-9_./:=@%+,-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Returns a command that a user can paste into a shell. */
export function quoteCommand(argv: readonly string[]): string {
  return argv.map(quoteWord).join(" ");
}
