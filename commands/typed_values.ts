/** What a command line gives a flag, before its flags are known: some of them depend on it. */
export function typedValues(argv: readonly string[], flag: string): string[] {
  return argv.flatMap((word, i) => {
    if (word.startsWith(`${flag}=`)) return [word.slice(flag.length + 1)];
    const value = argv[i + 1];
    return word === flag && value !== undefined ? [value] : [];
  });
}
