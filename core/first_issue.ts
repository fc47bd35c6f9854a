import * as z from "./schema/zod.ts";
import { plural } from "./format.ts";

// A command reads few documents, so that compiling their checks would cost more than it saves; quickCheck is for
// documents that are read by the thousands.
z.config({ jitless: true, localeError: issueWords });

/** Expected types by zod's type names. */
const WANTED: Record<string, string> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "a list",
  tuple: "a list",
};

/** Returns the first fault of a document with its path: `farm.n: "5", wanted a number`. */
export function firstIssue(error: z.core.$ZodError): string {
  const issue = error.issues[0];
  if (!issue) return "not as wanted";
  const path = issue.path.map(String).join(".");
  return path ? `${path}: ${issue.message}` : issue.message;
}

/** Returns an issue in words for users; zod's own messages are for programmers. */
function issueWords(issue: z.core.$ZodRawIssue): string {
  const { input } = issue;
  if (issue.code === "invalid_type") {
    if (input === undefined) return "missing";
    return `${shown(input)}, wanted ${WANTED[issue.expected] ?? issue.expected}`;
  }
  if (input === undefined) return "missing";
  if (issue.code === "invalid_value") return `${shown(input)}, wanted ${issue.values.map(shown).join(" or ")}`;
  if (issue.code === "too_small") {
    return `${size(input)}, wanted ${issue.inclusive ? "at least" : "more than"} ${issue.minimum}`;
  }
  if (issue.code === "too_big") {
    return `${size(input)}, wanted ${issue.inclusive ? "at most" : "less than"} ${issue.maximum}`;
  }
  if (issue.code === "unrecognized_keys") return `unknown ${issue.keys.map(shown).join(", ")}`;
  return `${shown(input)}, wanted something else`;
}

/** Returns a scalar as text, other values by their type. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "string" ? `"${value.slice(0, 60)}"` : String(value);
}

function size(value: unknown): string {
  if (typeof value === "string") return plural(value.length, "character");
  return Array.isArray(value) ? `${value.length} of them` : shown(value);
}
