import * as z from "zod/mini";
import { OptionValue } from "../../core/contracts/manifest.ts";
import { ADAPTER_API_VERSION } from "../../schedulers/adapter.ts";
import { SITE_OPTIONS } from "../../schedulers/site_options.ts";
import { isBareName, runsAnything } from "./refused_programs.ts";

const OptionName = z.string().check(z.regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/));

const Option = z.strictObject({
  name: OptionName,
  type: z.enum(["string", "path", "integer", "number", "boolean", "strings"]),
  default: z.exactOptional(OptionValue),
  required: z.exactOptional(z.boolean()),
  placeholder: z.exactOptional(z.string()),
  help: z.string().check(z.minLength(1)),
  native: z.exactOptional(z.string()),
  pattern: z.exactOptional(z.string().check(z.refine(isPattern, "wanted the source of a regular expression"))),
  choices: z.exactOptional(z.array(z.string()).check(z.minLength(1))),
  min: z.exactOptional(z.number()),
  role: z.exactOptional(z.enum(["cpus", "memory", "time", "throttle", "nodes"])),
});

function isPattern(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp;
  } catch {
    return false;
  }
}

const RUNS_ANYTHING = "a program that runs other programs or scripts is never run for an adapter";

const Program = z.string().check(
  z.refine(isBareName, "wanted a bare name, to be found on PATH"),
  z.refine((name) => !runsAnything(name) && name !== "nsfarm-deno" && name !== "nextstat", RUNS_ANYTHING),
);

export const ADAPTER_NAME = /^[a-z][a-z0-9_-]{0,31}$/;

/** What an adapter is, without its functions. */
export const AdapterFacts = z.strictObject({
  name: z.string().check(z.regex(ADAPTER_NAME, "wanted small letters, digits, - and _, first a letter")),
  apiVersion: z.literal(ADAPTER_API_VERSION, `this nsfarm-deno knows apiVersion ${ADAPTER_API_VERSION}`),
  summary: z.string().check(z.minLength(1), z.maxLength(200)),
  programs: z.array(Program).check(z.minLength(1)),
  options: z.array(Option),
  limits: z.strictObject({
    first_index: z.int().check(z.minimum(0)),
    arrays: z.boolean(),
    dependencies: z.boolean(),
    file_transfer: z.boolean(),
    files_may_be_late: z.exactOptional(z.boolean()),
    sends_inputs: z.exactOptional(z.boolean()),
  }),
}).check(z.superRefine(({ name, options }, context) => {
  const site = new Set(SITE_OPTIONS.map((option) => option.name));
  const prefix = `${name.replaceAll("_", "-")}-`;
  const seen = new Set<string>();
  for (const [i, option] of options.entries()) {
    const tell = (message: string) =>
      context.addIssue({ code: "custom", path: ["options", i, "name"], message, input: option.name });
    if (!site.has(option.name) && !option.name.startsWith(prefix)) {
      tell(`wanted a name that begins with "${prefix}", or one of ${[...site].join(", ")}`);
    }
    if (seen.has(option.name)) tell(`there are two options "${option.name}"`);
    seen.add(option.name);
  }
}));
export type AdapterFacts = z.infer<typeof AdapterFacts>;
