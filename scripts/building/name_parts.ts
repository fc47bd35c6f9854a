/** Matches the bundler's name for a part of a program, whose hash depends on the folder of the sources. */
const PART = /"\.\/([a-z_]+)-([A-Z0-9]{8})\.js"/g;

/**
 * Returns the parts of a program under names that depend on nothing but the program: numbered in the order in which
 * they are met from its entry.
 * @param read returns the text of a part by the bundler's name for it
 * @returns name to text, with the names in the texts changed too
 */
export async function nameParts(entry: string, read: (name: string) => Promise<string>): Promise<Map<string, string>> {
  const names = new Map([[entry, entry]]);
  const parts = new Map<string, string>();
  // Iteration over a Map includes entries that are added meanwhile.
  for (const [old, name] of names) {
    const text = await read(old);
    parts.set(
      name,
      text.replace(PART, (_, word: string, hash: string) => {
        const met = `${word}-${hash}.js`;
        const given = names.get(met) ?? `${word}-${names.size}.js`;
        names.set(met, given);
        return `"./${given}"`;
      }),
    );
  }
  return parts;
}
