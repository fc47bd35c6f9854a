/** Matches a schema's type of the same name, which the schema's own comment documents. */
const TYPE_OF_SCHEMA = /^export type (\w+) = z\.infer<typeof \1>;$/;

/**
 * Returns the findings of `deno doc --lint`, except those that zod makes unavoidable: types of schemas are inferred,
 * and a schema's comment is that of its type too.
 * @param text as it was printed, without colours
 */
export function docFindings(text: string): string[] {
  const found = [...text.matchAll(/^error\[([\w-]+)\]: (.*)\n +--> (\S+):(\d+):\d+\n.*\n *\d+ \| (.*)$/gm)];
  const counted = /^error: Found (\d+) documentation lint error/m.exec(text)?.[1] ?? (text.trim() === "" ? 0 : NaN);
  if (found.length !== Number(counted)) return [text.trim()];
  return found.flatMap(([, kind = "", message = "", file = "", line = "", code = ""]) => {
    const isSchema = kind === "missing-explicit-type" || (kind === "missing-jsdoc" && TYPE_OF_SCHEMA.test(code));
    return isSchema ? [] : [`${file}:${line} ${message}: ${code.trim()}`];
  });
}
