/**
 * Splits a line into words as a POSIX shell would, without expansions: blanks, single and double quotes, backslash,
 * and `#` at the start of a word as a comment.
 * Source: POSIX.1-2017 Shell Command Language 2.2 and 2.3.
 * @returns null when a quote is not closed
 */
export function shellWords(line: string): string[] | null {
  const words: string[] = [];
  let rest = line.trimStart();
  while (rest !== "" && !rest.startsWith("#")) {
    const cut = firstWord(rest);
    if (cut === null) return null;
    words.push(cut.word);
    rest = rest.slice(cut.length).trimStart();
  }
  return words;
}

const PART = /^(?:'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+))/s;

function firstWord(text: string): { word: string; length: number } | null {
  let [word, length] = ["", 0];
  while (length < text.length && !/\s/.test(text[length] ?? "")) {
    const part = PART.exec(text.slice(length));
    if (!part) return null;
    const [whole, single, double, escaped, plain] = part;
    word += single ?? double?.replaceAll(/\\([$`"\\])/g, "$1") ?? escaped ?? plain ?? "";
    length += whole.length;
  }
  return { word, length };
}
