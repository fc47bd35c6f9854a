import { FarmError } from "../errors.ts";

/**
 * Splits a line into words as a POSIX shell would, without expansions: blanks, single and double quotes, backslash, and
 * `#` at the start of a word as a comment (POSIX.1-2017 Shell Command Language 2.2 and 2.3).
 * @returns null if a quote is not closed
 */
function shellWords(line: string): string[] | null {
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

/** One host of a hosts file; null: its line does not say. */
export interface FarmHost {
  /** Name for ssh: from the user's ssh configuration, or an address. */
  name: string;
  user: string | null;
  port: number | null;
  weight: number | null;
  threads: number | null;
  /** Line of the hosts file, from 1. */
  line: number;
}

export interface HostsFile {
  hosts: FarmHost[];
  warnings: string[];
}

/** Names that ssh cannot take for an option, nor a shell for several words. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,254}$/;
const USER = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/;
const MAX_LINE_LENGTH = 4096;

/**
 * Reads a hosts file: one host per line, `#` starts a comment; after the name any of `weight=<number> threads=<count>
 * user=<name> port=<number>`, or a bare number for the weight; words are quoted as in a POSIX shell. User, name and
 * port identify a host: the first of equal hosts stays, with a warning.
 * @param path for messages only
 * @throws {FarmError} input, with the number of the bad line
 */
export function parseHosts(text: string, path: string): HostsFile {
  const warnings: string[] = [];
  const known = new Map<string, FarmHost>();
  for (const [i, line] of text.replace(/^\uFEFF/, "").split("\n").entries()) {
    const refuse = (what: string) => badLine(path, i + 1, what);
    const host = readLine(line, i + 1, refuse);
    if (!host) continue;
    const first = known.get(hostKey(host));
    if (first) {
      warnings.push(`${path}: line ${host.line} names "${host.name}" again (line ${first.line}); it counts once`);
    } else known.set(hostKey(host), host);
  }
  if (known.size > 0) return { hosts: [...known.values()], warnings };
  throw new FarmError("input", `Cannot use the hosts file "${path}": it names no host`, "Write one host a line");
}

/** Returns user, name and port as one text, which identifies a host in files and messages. */
export function hostKey({ user, name, port }: Pick<FarmHost, "user" | "name" | "port">): string {
  const address = port === null ? name : name.includes(":") ? `[${name}]:${port}` : `${name}:${port}`;
  return user === null ? address : `${user}@${address}`;
}

type Refuse = (what: string) => FarmError;

function readLine(line: string, number: number, refuse: Refuse): FarmHost | undefined {
  if (line.length > MAX_LINE_LENGTH) {
    throw refuse(`it has ${line.length} characters, at most ${MAX_LINE_LENGTH} are read`);
  }
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(line)) {
    throw refuse("it holds a control character (a line end of another system?)");
  }
  const words = shellWords(line);
  if (words === null) throw refuse("a quote or backslash in it is not closed");
  const [target, ...settings] = words;
  if (target === undefined) return undefined;
  const at = target.lastIndexOf("@");
  const host: FarmHost = {
    name: checked(NAME, target.slice(at + 1), "a host name", refuse),
    user: at < 0 ? null : checked(USER, target.slice(0, at), "a user name", refuse),
    port: null,
    weight: null,
    threads: null,
    line: number,
  };
  const printed = new Set<string>();
  for (const word of settings) takeSetting(host, word, printed, refuse);
  return host;
}

function takeSetting(host: FarmHost, word: string, printed: Set<string>, refuse: Refuse): void {
  const cut = word.indexOf("=");
  const [key, value] = cut < 0 ? ["weight", word] : [word.slice(0, cut), word.slice(cut + 1)];
  if (printed.has(key)) throw refuse(`it gives ${key}= twice`);
  printed.add(key);
  if (key === "weight") host.weight = weight(value, word, refuse);
  else if (key === "threads") host.threads = whole("threads", value, 0, 4096, refuse);
  else if (key === "port") host.port = whole("port", value, 1, 65535, refuse);
  else if (key === "user") host.user = checked(USER, value, "a user name", refuse);
  else throw refuse(`it says ${shown(word)}; wanted weight=, threads=, user= or port=`);
}

function weight(value: string, word: string, refuse: Refuse): number {
  const number = Number(value);
  if (/^[0-9.]+(?:[eE][+-]?[0-9]+)?$/.test(value) && Number.isFinite(number) && number > 0) return number;
  throw refuse(`it says ${shown(word)}; wanted a weight above 0`);
}

function whole(key: string, value: string, least: number, most: number, refuse: Refuse): number {
  const number = Number(value);
  if (/^[0-9]{1,5}$/.test(value) && number >= least && number <= most) return number;
  throw refuse(`it says ${shown(`${key}=${value}`)}; wanted a whole number from ${least} to ${most}`);
}

function checked(pattern: RegExp, value: string, what: string, refuse: Refuse): string {
  if (pattern.test(value)) return value;
  const option = value.startsWith("-") ? " (it begins like an option of ssh)" : "";
  throw refuse(`${shown(value)} is not ${what}${option}`);
}

const shown = (value: string) => JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);

function badLine(path: string, number: number, what: string): FarmError {
  return new FarmError(
    "input",
    `Cannot use the hosts file "${path}": line ${number}: ${what}`,
    "A line is: HOST [weight=NUMBER] [threads=COUNT] [user=NAME] [port=NUMBER]",
  );
}
