/** A script as its shell would see it: quotes taken away, and what is still alive inside of them marked. */
interface ShellText {
  /** All but comments. A sign that the shell would act on is followed by a null byte, so that it equals no value. */
  code: string;
  comments: string[];
}

/** Signs that mean something outside of quotes, and those that do so inside double ones (POSIX.1-2017, 2.2). */
const ALIVE = new Set("|&;<>()$`*?[\n ");
const ALIVE_IN_DOUBLE = new Set("$`");

/** Reads a POSIX script's quotes and comments; here-documents are read as if they were code. */
export function readShell(text: string): ShellText {
  const comments: string[] = [];
  let code = "";
  let quote: "'" | '"' | null = null;
  for (let i = 0; i < text.length; i++) {
    const sign = text[i] ?? "";
    if (quote === "'") {
      if (sign === "'") quote = null;
      else code += sign;
    } else if (sign === "\\") {
      code += takeBackslash(text[++i] ?? "", quote);
    } else if (sign === '"') {
      quote = quote === '"' ? null : '"';
    } else if (sign === "'" && quote === null) {
      quote = "'";
    } else if (sign === "#" && quote === null && /(^|[\s;&|(])$/.test(text.slice(Math.max(0, i - 1), i))) {
      const end = text.indexOf("\n", i);
      comments.push(text.slice(i, end < 0 ? undefined : end));
      i = (end < 0 ? text.length : end) - 1;
    } else code += (quote === '"' ? ALIVE_IN_DOUBLE : ALIVE).has(sign) ? `${sign}\0` : sign;
  }
  return { code, comments };
}

/** Inside double quotes a backslash is one but before these signs (2.2.3). */
function takeBackslash(next: string, quote: '"' | null): string {
  if (next === "\n") return "";
  return quote === '"' && !'$`"\\'.includes(next) ? `\\${next}` : next;
}
