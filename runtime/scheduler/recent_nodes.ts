import { split } from "shlex";
import { FarmError } from "../../core/errors.ts";
import { describeRecent, type KnownNode, knownNodes } from "../../core/node_journal.ts";
import type { OptionValue } from "../../core/schema/manifest.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { hostKey } from "../../core/ssh/hosts_file.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { readHosts } from "../run/hosts_file.ts";
import { journalFolder, readJournal } from "../run/node_journal.ts";
import { readOption } from "../run/read_option.ts";

type Options = Readonly<Record<string, OptionValue>>;

/** Names that a scheduler's option may hold without a quote of its own; the journal is a file that anybody may edit. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._:@-]*$/;

/** Returns the nodes of a scheduler that failed in two runs within the last week. */
function recentNodes(scheduler: string): KnownNode[] {
  const now_ms = Date.now();
  return knownNodes(readJournal(journalFolder(), now_ms).faults, now_ms)
    .filter((one) => one.is_recent && one.scheduler === scheduler && PLAIN.test(one.node));
}

/** Returns the option that keeps jobs from some nodes, and its new value; null: the scheduler has none. */
export function optionAvoiding(
  adapter: Backend,
  options: Options,
  nodes: readonly Pick<KnownNode, "node">[],
): { name: string; value: OptionValue } | null {
  const option = adapter.options.find(({ role }) => role === "nodes");
  if (!option || !adapter.avoiding) return null;
  let value = options[option.name];
  for (const { node } of nodes) {
    const now = value === undefined ? options : { ...options, [option.name]: value };
    const [, text = ""] = split(adapter.avoiding({ ...now }, node));
    value = readOption(option, text);
  }
  return value === undefined ? null : { name: option.name, value };
}

/** Returns whether the value of the option that keeps jobs from nodes names a node. */
const hasNode = (value: OptionValue | undefined, { node }: KnownNode): boolean => hasWords(value, node);

/** Returns whether a value has this text between its other names: `n1,n20` has `n1`, and no `n2`. */
function hasWords(value: OptionValue | undefined, text: string): boolean {
  const around = `${value ?? ""}`.split(text);
  return around.slice(1).some((after, i) =>
    !/^[A-Za-z0-9._:@-]/.test(after) && !/[A-Za-z0-9._:@-]$/.test(around[i] ?? "")
  );
}

/**
 * Returns the options of a request with --avoid-nodes recent.
 * @param before the options of an existing run of that name, which keeps the nodes that it was rendered with
 * @throws {FarmError} usage, where the scheduler cannot keep jobs from nodes
 */
export function avoidRecent(
  adapter: Backend,
  options: Record<string, OptionValue>,
  before: Options | null,
): Record<string, OptionValue> {
  const option = adapter.options.find(({ role }) => role === "nodes");
  if (!option || !adapter.avoiding) {
    const next = adapter.slots_on === "hosts"
      ? "Leave hosts out of --hosts-file; nsfarm-deno nodes lists them"
      : undefined;
    const what = `Cannot use --avoid-nodes recent with ${adapter.name}: no option of it keeps shards from nodes`;
    throw new FarmError("usage", what, next);
  }
  const [was, given] = [before?.[option.name], options[option.name]];
  if (before && (given === undefined || hasWords(was, `${given}`))) {
    return was === undefined ? options : { ...options, [option.name]: was };
  }
  const nodes = recentNodes(adapter.name).filter((one) => !hasNode(given, one));
  const avoiding = optionAvoiding(adapter, options, nodes);
  return avoiding === null ? options : { ...options, [avoiding.name]: avoiding.value };
}

/** Returns lines about the nodes that failed in two runs within the last week: those that jobs avoid, and the others. */
export function recentNodeLines(adapter: Backend, options: Options): string[] {
  const known = recentNodes(adapter.name).filter(({ node }) => isInReach(adapter, options, node));
  const option = adapter.options.find(({ role }) => role === "nodes");
  const value = option && options[option.name];
  const open = known.filter((one) => !hasNode(value, one));
  const avoiding = optionAvoiding(adapter, options, open);
  const flag = avoiding && `--${avoiding.name} ${quoteWord(`${avoiding.value}`)}`;
  return [
    ...describeRecent(known.filter((one) => hasNode(value, one)), null, true),
    ...describeRecent(open, flag, false),
  ];
}

/** Whether shards of a request may run on a node: hosts behind ssh are those of the hosts file. */
function isInReach(adapter: Backend, options: Options, node: string): boolean {
  const path = options["hosts-file"];
  return adapter.slots_on !== "hosts" || typeof path !== "string" ||
    readHosts(path).hosts.some((one) => hostKey(one) === node);
}
