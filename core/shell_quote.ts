/**
 * Quotes one word for a POSIX shell.
 * Source: POSIX.1-2017 Shell Command Language 2.2.2: nothing is special between single quotes.
 */
export function quoteWord(word: string): string {
  if (/^[A-Za-z0-9_./:=@%+,-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command as a person can paste it into a shell. */
export function quoteCommand(argv: readonly string[]): string {
  return argv.map(quoteWord).join(" ");
}
