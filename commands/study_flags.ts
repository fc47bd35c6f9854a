import { type Flag, runId } from "../core/flags.ts";

/** Returns the flag --out-root. @param name of the kind of study, as in its files */
export const outRootFlag = (name: string) => ({
  group: "Where",
  type: "path",
  default: ".",
  placeholder: "dir",
  help: `parent of the runs and of <${name}_id>.${name}.json`,
} as const satisfies Flag);

/** Returns the flag --<name>-id. @param study what help calls the study */
export const idFlag = (name: string, study = name) => ({
  group: "Where",
  type: "string",
  placeholder: "id",
  help: `name of the ${study} (default: from the date)`,
  read: (text: string) => runId(text, `--${name}-id`),
} as const satisfies Flag);

export const jsonFlag = (name: string, study = name) => ({
  type: "path",
  required: true,
  help: `the ${study}'s document, <${name}_id>.${name}.json`,
} as const satisfies Flag);
