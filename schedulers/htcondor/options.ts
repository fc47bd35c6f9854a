import { FarmError } from "../../core/errors.ts";
import { TIME_LIMIT } from "../../core/flags.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import sharedTemplate from "../../templates/condor_job.sub.mustache" with { type: "text" };
import transferTemplate from "../../templates/condor_job_transfer.sub.mustache" with { type: "text" };
import type { SchedulerOption } from "../adapter.ts";
import { onePathLine, type Options } from "../options.ts";

const QUANTITY = "\\d+(\\.\\d+)?\\s*([KMGT]i?[Bb]?)?";

const text = (name: string, placeholder: string, help: string, native: string): SchedulerOption => (
  { name: `condor-${name}`, type: "string", placeholder, help, native }
);

const count = (name: string, help: string, native: string): SchedulerOption => (
  { name: `condor-${name}`, type: "integer", min: 1, placeholder: "N", help, native }
);

/**
 * Options of an HTCondor job (condor_submit(1)), in the order of their lines. Where `native` is a command of the submit
 * file, its line follows from the row; the value of an EXPRESSION is one of the ClassAd language.
 */
export const HTCONDOR_OPTIONS: SchedulerOption[] = [
  { ...count("request-cpus", "CPUs of each job", "request_cpus"), default: 1, role: "cpus" },
  {
    ...text("request-memory", "2GB", "memory of each job, in MB or with KB, MB, GB", "request_memory"),
    default: "1GB",
    pattern: QUANTITY,
    role: "memory",
  },
  {
    ...text("request-disk", "1GB", "scratch space of each job, in KB, or with MB, GB", "request_disk"),
    pattern: QUANTITY,
  },
  {
    ...text("requirements", "EXPRESSION", `condition: '(Machine != "n1.example.org")'`, "requirements"),
    role: "nodes",
  },
  {
    ...text("accounting-group", "GROUP", "accounting group of the jobs", "accounting_group"),
    pattern: "[A-Za-z0-9_.@-]+",
  },
  {
    name: "condor-max-run-time",
    type: "string",
    placeholder: "HH:MM:SS",
    help: "time limit of a job (or whole minutes), including its file transfer",
    // allowed_execute_duration would not take effect in a job that begins in the second of its shadow's start
    // (user_job_policy.cpp, "beganExecuting > birthday"; seen with 23.9.6).
    native: "allowed_job_duration",
    pattern: TIME_LIMIT,
    role: "time",
  },
  count("max-idle", "create jobs gradually: at most N idle in the queue", "max_idle"),
  {
    ...count("max-materialize", "create jobs gradually: at most N in the queue", "max_materialize"),
    role: "throttle",
  },
  {
    name: "condor-spool",
    type: "boolean",
    help: "copy all files to the schedd, which sees none of yours; status and collect fetch the results",
    native: "condor_submit -spool",
  },
  {
    name: "condor-line",
    type: "strings",
    placeholder: "KEY=VALUE",
    help: `extra line of the submit file: '+JobFlavour = "longlunch"' (repeatable)`,
  },
];

/** Commands that the templates of the submit files set, and the macros that their values use. */
const WRITTEN: readonly string[] = [sharedTemplate, transferTemplate].flatMap((template) => [
  ...[...template.matchAll(/^([A-Za-z_.]+) *=/gm)].map(([, command = ""]) => command),
  ...[...template.matchAll(/\$\((\w+)\)|^queue (\w+)/gm)].map(([, macro, variable = ""]) => macro ?? variable),
]);

/** Macros that the values of a submit file use and no template shows: numbers of the job, and a dollar sign. */
const MACROS = ["ClusterId", "Cluster", "ProcId", "Process", "DOLLAR"];

/** Words that begin a statement, also with = after them (condor_submit(1), SUBMIT DESCRIPTION FILE COMMANDS). */
const STATEMENTS = ["queue", "if", "elif", "else", "endif", "include", "use"];

/**
 * Further names under which HTCondor takes a command or the attribute that it sets, or that change its effect
 * (submit_utils.cpp). Names that differ only in case and in _ are left out.
 */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  universe: ["JobUniverse"],
  executable: ["Cmd"],
  arguments: ["args", "arguments2"],
  initialdir: ["job_iwd", "Iwd"],
  log: ["UserLog", "log_xml", "UserLogUseXML"],
  output: ["stdout", "Out"],
  error: ["stderr", "Err"],
  transfer_input_files: ["TransferInput"],
  transfer_output_files: ["TransferOutput", "transfer_output_remaps", "output_destination"],
  batch_name: ["JobBatchName"],
  accounting_group: ["AcctGroup"],
  max_idle: ["materialize_max_idle", "JobMaterializeMaxIdle"],
  max_materialize: ["JobMaterializeLimit"],
};

/** Returns a name as HTCondor compares it: in small letters, without the prefix of an attribute and without _. */
const plain = (name: string): string => name.replace(/^(\+|my\.)/i, "").replaceAll("_", "").toLowerCase();

/**
 * Checks a user's lines of the submit file: `KEY = VALUE` each, with no key that the file sets itself.
 * @param own further commands of the file, besides those of its templates
 * @returns the lines, one of the file each
 * @throws {FarmError} usage
 */
export function readSubmitLines(lines: readonly string[], own: readonly string[]): string[] {
  const taken = new Map(
    [...WRITTEN, ...own].flatMap((command) =>
      [command, ...OTHER_NAMES[command] ?? []].map((name) => [plain(name), command] as const)
    ),
  );
  for (const macro of MACROS) taken.set(plain(macro), macro);
  return lines.map((line) => readSubmitLine(line.trim(), taken));
}

/** Key and value of a line; `+` and `MY.` begin an attribute of the job (condor_submit(1), `+<attribute>`). */
const LINE = /^((?:\+|[Mm][Yy]\.)?[A-Za-z_]\w*)\s*=\s*(.*)$/;

function readSubmitLine(line: string, taken: ReadonlyMap<string, string>): string {
  const [, key, value = ""] = LINE.exec(line) ?? [];
  if (key === undefined || value === "") throw refused(line, `wanted KEY = VALUE`, EXAMPLE);
  if (STATEMENTS.includes(plain(key))) throw refused(line, `${key} begins a statement of its own`);
  const clash = taken.get(plain(key));
  if (clash !== undefined) throw refused(line, `nsfarm-deno sets ${clash} itself`, insteadOf(clash));
  const fault = valueFault(key, value);
  if (fault !== null) throw refused(line, fault);
  return `${key} = ${value}`;
}

const EXAMPLE = `For example --condor-line '+JobFlavour = "longlunch"'`;

function insteadOf(command: string): string | undefined {
  const option = HTCONDOR_OPTIONS.find(({ native }) => native === command);
  return option && `Use --${option.name}`;
}

const isAttribute = (key: string): boolean => /^(\+|my\.)/i.test(key);

/** Returns why a value would change the lines around it, or stop condor_submit; null: it does neither. */
function valueFault(key: string, value: string): string | null {
  if (value.endsWith("\\")) return "a backslash at its end would join it with the next line";
  if (/\$\w*\([^)]*$/.test(value)) return "a macro in it has no closing )";
  const quotes = value.replaceAll(/\\./g, "").split('"').length - 1;
  return isAttribute(key) && quotes % 2 === 1 ? 'a text in it has no closing "' : null;
}

const refused = (line: string, why: string, next?: string): FarmError =>
  new FarmError("usage", `Cannot use --condor-line '${line}': ${why}`, next);

/** Returns a warning for each attribute whose value is one bare word, which HTCondor reads as an attribute's name. */
export function bareWordWarnings(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const [, key = "", value = ""] = LINE.exec(line.trim()) ?? [];
    const is_word = /^[A-Za-z_]\w*$/.test(value) && !/^(true|false|undefined|error)$/i.test(value);
    return isAttribute(key) && is_word
      ? [
        `--condor-line '${line.trim()}': HTCondor reads ${value} as an attribute's name; a text needs quotes: "${value}"`,
      ]
      : [];
  });
}

/** Escapes a value of a submit description: `$` begins a macro, and `$(DOLLAR)` stands for it (condor_submit(1)). */
export const submitValue = (text: string): string => text.replaceAll("$", "$(DOLLAR)");

/** Characters that a path may not contain, since nothing quotes them (seen with condor_submit and shadow 23.9.6). */
const NOT_IN_PATHS: readonly [RegExp, string][] = [
  [/^\s|\s$/, "begins or ends with a blank, which HTCondor trims"],
  [/\\(\/|$)/, "has a backslash at the end of a name, which HTCondor does not keep"],
  [/\$\$/, "has $$ in it, which HTCondor puts a value in place of"],
  [/\$\(dollar\)/i, "has $(DOLLAR) in it, which HTCondor makes a dollar of, however it is written"],
];

/** Returns a path as a single value. @throws {FarmError} usage */
export function submitPath(what: string, path: string): string {
  onePathLine(what, path);
  const wrong = NOT_IN_PATHS.find(([pattern]) => pattern.test(path));
  if (!wrong) return submitValue(path);
  throw new FarmError("usage", `Cannot use ${what} "${path}" with HTCondor: its path ${wrong[1]}`, "Rename it");
}

/** Returns a path as part of a list; commas separate paths, and nothing quotes them. @throws {FarmError} usage */
export function listedPath(what: string, path: string): string {
  if (!path.includes(",")) return submitPath(what, path);
  throw new FarmError(
    "usage",
    `Cannot send ${what} "${path}" to HTCondor's nodes: its path has a comma, which divides HTCondor's lists of files`,
    "Rename it, or use a file system that the nodes share (--mode shared)",
  );
}

/** Returns a user's expression, which must be a single line. @throws {FarmError} usage */
export function submitExpression(option: string, text: string): string {
  if (!text.trim().endsWith("\\")) return submitValue(text.trim());
  throw new FarmError(
    "usage",
    `Cannot use --${option} '${text}': wanted an expression that does not end with a backslash`,
  );
}

/** Returns whether the schedd keeps copies of all files of the jobs, and their results until they are fetched. */
export const isSpooled = (options: Options): boolean => options["condor-spool"] === true;

/**
 * Refuses --condor-spool where it cannot work: jobs that HTCondor creates later find no files of theirs in the spool
 * (seen with 23.9.6: held with code 13).
 * @throws {FarmError} usage
 */
export function refuseSpool(options: Options, mode: "shared" | "transfer"): void {
  if (!isSpooled(options)) return;
  if (mode === "shared") {
    throw new FarmError("usage", "Cannot use --condor-spool without file transfer", "Add --mode transfer");
  }
  const late = ["condor-max-idle", "condor-max-materialize"].find((name) => options[name] !== undefined);
  if (late === undefined) return;
  throw new FarmError(
    "usage",
    `Cannot use --condor-spool with --${late}: HTCondor spools no files for jobs that it creates later`,
    "Leave one of them out",
  );
}

/**
 * Returns a path that condor_submit -spool can send: it divides its list of files at blanks too (seen with 23.9.6).
 * @throws {FarmError} usage
 */
export function spooledPath(what: string, path: string): string {
  if (!/\s/.test(path)) return path;
  const next = "Rename it, or copy it to another folder";
  throw new FarmError("usage", `Cannot use --condor-spool with ${what} "${path}": its path has a blank`, next);
}

/** Returns the option that excludes a machine from a run's jobs. @param before requirements that the run already has */
export function excludeNodesLine(machine: string, before?: string): string {
  const not = `(Machine != "${machine}")`;
  return `--condor-requirements ${quoteWord(before === undefined ? not : `(${before}) && ${not}`)}`;
}
