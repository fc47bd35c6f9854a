/** What the manual says of one command; the same that its --help shows. */
export interface ManCommand {
  name: string;
  args: string;
  summary: string;
  options: { flags: string; description: string }[];
}

/** Source: groff_man(7), groff_char(7): a backslash begins an escape, a dot at the start of a line a request. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll(/^([.'])/gm, "\\&$1");
}

/** The manual page of section 1, as text for man(1). */
export function manPage(version: string, commands: readonly ManCommand[], exit_codes: readonly string[]): string {
  return [
    `.TH NSFARM\\-DENO 1 "" "nsfarm\\-deno ${escaped(version)}"`,
    ".SH NAME",
    "nsfarm\\-deno \\- splits nextstat toys into shards, runs them on a farm, proves and merges the set",
    ".SH SYNOPSIS",
    ".B nsfarm\\-deno",
    ".I COMMAND",
    "[OPTIONS]",
    ".SH COMMANDS",
    ...commands.flatMap(describeCommand),
    ".SH EXIT STATUS",
    ...exit_codes.flatMap((line) => [escaped(line), ".br"]),
    ".SH ENVIRONMENT",
    ...[["NSFARM_PROFILE", "a profile, where --profile is not given"], ["NSFARM_PLUGINS", "adapters, with : between"]]
      .concat([["NO_COLOR", "if set, no colours on a terminal"]])
      .flatMap(([name = "", text = ""]) => [".TP", `.B ${escaped(name)}`, escaped(text)]),
    "",
  ].join("\n");
}

function describeCommand({ name, args, summary, options }: ManCommand): string[] {
  return [
    `.SS "nsfarm\\-deno ${escaped(`${name} ${args}`.trim())}"`,
    escaped(summary),
    ...options.flatMap(({ flags, description }) => [".TP", `.B ${escaped(flags)}`, escaped(description)]),
  ];
}
