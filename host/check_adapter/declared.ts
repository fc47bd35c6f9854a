import * as z from "zod/mini";
import { firstIssue } from "../../core/read_output.ts";
import { ADAPTER_API_VERSION } from "../../schedulers/adapter.ts";
import { OPTIONAL_CALLS } from "../plugin/adapter_values.ts";
import { isBareName, runsAnything } from "../plugin/refused_programs.ts";
import { type Finding, finding } from "./finding.ts";

const line = z.string().check(z.regex(/^[^\p{Cc}]*\S[^\p{Cc}]*$/u, "wanted one line of text"));

const Option = z.looseObject({
  name: z.string().check(
    z.regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, "wanted a flag's name without its dashes, as in slurm-time"),
  ),
  type: z.enum(["string", "path", "integer", "number", "boolean", "strings"]),
  help: line,
  placeholder: z.optional(line),
  native: z.optional(line),
  pattern: z.optional(z.string().check(z.refine(isPattern, "wanted a regular expression"))),
  choices: z.optional(z.array(z.string()).check(z.minLength(1))),
  min: z.optional(z.number()),
  required: z.optional(z.boolean()),
  role: z.optional(z.enum(["cpus", "memory", "time", "throttle", "nodes"])),
});

/** What an adapter says of itself, member by member. */
const DECLARED: Record<string, z.core.$ZodType> = {
  apiVersion: z.literal(ADAPTER_API_VERSION, `wanted ${ADAPTER_API_VERSION}`),
  name: z.string().check(z.regex(/^[a-z][a-z0-9_-]{0,31}$/, "wanted a short name in small letters")),
  summary: line,
  programs: z.array(z.string()).check(z.minLength(1), ({ value, issues }) => {
    for (const program of value) {
      const message = programFault(program);
      if (message) issues.push({ code: "custom", input: program, message });
    }
  }),
  options: z.array(Option),
  limits: z.looseObject({
    first_index: z.int().check(z.minimum(0)),
    arrays: z.boolean(),
    dependencies: z.boolean(),
    file_transfer: z.boolean(),
    sends_inputs: z.optional(z.boolean()),
    files_may_be_late: z.optional(z.boolean()),
  }),
};

const CALLED = [
  ...["render", "probe", "readProbe", "submit", "readSubmit", "find", "readFind"],
  ...["query", "readQuery", "cancel", "readCancel"],
];

export function declaredFindings(adapter: unknown): Finding[] {
  if (typeof adapter !== "object" || adapter === null) return [finding("default", "is no object, wanted an adapter")];
  const member = (name: string): unknown => Reflect.get(adapter, name);
  const values = Object.entries(DECLARED).flatMap(([name, schema]) => {
    if (member(name) === undefined) return [finding(name, "is missing")];
    const parsed = z.safeParse(schema, member(name));
    return parsed.success ? [] : [finding(name, firstIssue(parsed.error))];
  });
  const calls = [...CALLED, ...OPTIONAL_CALLS].flatMap((name) => {
    if (member(name) === undefined) return CALLED.includes(name) ? [finding(name, "is missing")] : [];
    return typeof member(name) === "function" ? [] : [finding(name, "is no function")];
  });
  return [...values, ...calls, ...optionFindings(z.array(Option).safeParse(member("options")).data ?? [])];
}

function programFault(program: string): string | null {
  if (!isBareName(program)) return `"${program}" is no bare name of a program`;
  if (!runsAnything(program.toLowerCase())) return null;
  return `"${program}" runs whatever it is told, wanted the scheduler's own programs`;
}

function isPattern(source: string): boolean {
  try {
    new RegExp(source);
    return true;
  } catch {
    return false;
  }
}

type Option = z.infer<typeof Option>;

/** Names and roles are there once, and a default is a value that the option itself would take. */
function optionFindings(options: Option[]): Finding[] {
  const twice = (values: string[]) => values.filter((value, i) => values.indexOf(value) !== i);
  return [
    ...twice(options.map(({ name }) => name)).map((name) => finding("options", `--${name} is there twice`)),
    ...twice(options.flatMap(({ role }) => role ?? [])).map((role) => finding("options", `two limit the ${role}`)),
    ...options.filter((option) => option["default"] !== undefined && !takes(option, option["default"]))
      .map(({ name }) => finding("options", `--${name} has a default that it would not take itself`)),
  ];
}

function takes({ type, min = -Infinity, choices, pattern }: Option, value: unknown): boolean {
  if (type === "boolean") return typeof value === "boolean";
  if (type === "strings") return Array.isArray(value) && value.every((one) => typeof one === "string");
  if (type !== "string" && type !== "path") {
    return typeof value === "number" && value >= min && (type === "number" || Number.isInteger(value));
  }
  if (typeof value !== "string" || (choices && !choices.includes(value))) return false;
  return pattern === undefined || new RegExp(`^(?:${pattern})$`).test(value);
}
