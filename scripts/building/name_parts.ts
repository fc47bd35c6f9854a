/** The bundler's name for a part of a program ends in a hash, which depends on the folder that the sources lie in. */
const PART = /"\.\/([a-z_]+)-([A-Z0-9]{8})\.js"/g;

/**
 * The parts of a program by names that depend on nothing but the program: numbered as they are met on the way from its
 * entry.
 *
 * @param read gives the text of a part by the bundler's name for it
 * @returns name to text, with the names in the texts changed too
 */
export async function nameParts(entry: string, read: (name: string) => Promise<string>): Promise<Map<string, string>> {
  const names = new Map([[entry, entry]]);
  const parts = new Map<string, string>();
  // A Map that grows while it is walked is walked to its new end.
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
