import { FarmError } from "../core/errors.ts";
import { plainPath } from "../core/flags.ts";
import { plural } from "../core/format.ts";
import { quoteCommand, quoteWord } from "../core/shell_quote.ts";
import { checkAdapter } from "../runtime/plugin/check/check.ts";
import { findPlugins, type FoundPlugin, openPlugin } from "../runtime/plugin/load.ts";
import { newPlugin, previewOf } from "../runtime/plugin/new.ts";
import { defineCommand, NO_FLAGS, type Output, withActions } from "./flags.ts";

export default defineCommand({
  needs: ["read", "write"],
  schedulers: true,
  flags: NO_FLAGS,
  define: withActions([
    "plugin list         list the adapters found, and why others cannot be used",
    "plugin check FILE   check that an adapter keeps the contract; show what it would write and run",
    "plugin new NAME     write a commented adapter that passes the check",
  ]),
  run: ({ args: [action = "", subject], out }) => {
    if (action === "list" && subject === undefined) return list(out);
    if (action === "check" && subject !== undefined) return check(plainPath("FILE")(subject), out);
    if (action === "new" && subject !== undefined) return make(subject, out);
    throw new FarmError("usage", `Cannot do "plugin ${action}": wanted list, check FILE or new NAME`);
  },
});

function list(out: Output): void {
  const found = findPlugins();
  out.document({ plugins: found.map((one, i) => rowOf(one, found.slice(0, i))) });
  for (const [i, one] of found.entries()) {
    const row = rowOf(one, found.slice(0, i));
    out.print(`${row.name ?? "(not usable)"}  ${row.file}  (${row.way})`);
    if (row.fault !== null) out.print(`  ${row.fault}`);
    else out.print(`  ${row.summary}; runs ${row.programs?.join(", ")}\n  sha256 ${row.sha256}`);
    if (row.shadowed) out.print("  not used: an earlier one has this name");
  }
  if (found.length === 0) {
    out.print(
      "No plugins: put files into schedulers/ beside nsfarm-deno, or name them with --plugin or NSFARM_PLUGINS",
    );
  }
}

function rowOf({ file, plugin, fault }: FoundPlugin, earlier: FoundPlugin[]) {
  const name = plugin?.adapter.name ?? null;
  return {
    name,
    file: file.path,
    way: file.way,
    sha256: plugin?.source.sha256 ?? null,
    summary: plugin?.adapter.summary ?? null,
    programs: plugin?.adapter.programs ?? null,
    fault: fault?.message ?? null,
    shadowed: name !== null && earlier.some((one) => one.plugin?.adapter.name === name),
  };
}

function check(path: string, out: Output): void {
  const { adapter, source } = openPlugin({ path, way: "--plugin" });
  const findings = checkAdapter(adapter);
  const { files, commands } = findings.length === 0 ? previewOf(adapter) : { files: [], commands: [] };
  out.document({ file: source.entry, sha256: source.sha256, name: adapter.name, findings, files, commands });
  out.print(`${adapter.name}: ${source.entry}\n  sha256 ${source.sha256}\n  may run ${adapter.programs.join(", ")}`);
  for (const file of files) out.print(`\nwould write ${file.path}:\n${file.text.trimEnd().replaceAll(/^/gm, "  | ")}`);
  if (commands.length > 0) out.print("");
  for (const { why, argv } of commands) out.print(`would run, to ${why}: ${quoteCommand(argv)}`);
  if (findings.length === 0) {
    out.print(`\n${adapter.name} keeps the contract of adapters`);
    return;
  }
  for (const { member, what } of findings) out.print(`  ${member} ${what}`);
  throw new FarmError(
    "input",
    `Cannot trust the plugin "${path}": ${plural(findings.length, "finding")}`,
    findings[0]?.what,
  );
}

function make(name: string, out: Output): void {
  const file = newPlugin(name);
  out.print(file);
  out.document({ file });
  out.note(`Check it with: nsfarm-deno plugin check ${quoteWord(file)}`);
}
