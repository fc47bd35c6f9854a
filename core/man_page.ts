import { ENVIRONMENT, OTHER_FILES, type ReferenceRow, RUN_FILES } from "./reference.ts";

/** Text of one command, the same as its --help. */
interface ManCommand {
  name: string;
  args: string;
  summary: string;
  options: { flags: string; description: string }[];
}

/** Escapes text for groff: a backslash begins an escape, a dot at the start of a line a request (groff_man(7)). */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll(/^([.'])/gm, "\\&$1");
}

const tagged = ([name, text]: ReferenceRow): string[] => [".TP", `.B ${escaped(name)}`, escaped(text)];

const EXAMPLES: [string, string][] = [
  ["2,000 toys on this machine:", "nsfarm-deno run --config SPEC.json --n-toys 2000"],
  [
    "The same on Slurm: check its limits, then start a run that continues after you log out:",
    [
      "nsfarm-deno preflight --scheduler slurm",
      "nsfarm-deno render --scheduler slurm --config SPEC.json --n-toys 2000 --shards 40 --run-id study1",
      "nsfarm-deno submit study1 --finish",
      "nsfarm-deno status study1 --watch",
    ].join("\n"),
  ],
  ["What went wrong, and the command that continues:", "nsfarm-deno doctor study1"],
  ["Add 500 toys to the same result:", "nsfarm-deno extend study1 --n-toys +500 --wait"],
];

/** Returns the manual page of section 1, as text for man(1). */
export function manPage(version: string, commands: readonly ManCommand[], exit_codes: readonly ReferenceRow[]): string {
  return [
    `.TH NSFARM\\-DENO 1 "" "nsfarm\\-deno ${escaped(version)}"`,
    ".SH NAME",
    "nsfarm\\-deno \\- splits nextstat toys into shards, runs them on a farm, checks and merges the set",
    ".SH SYNOPSIS",
    ".B nsfarm\\-deno",
    ".I COMMAND",
    "[OPTIONS]",
    ".SH COMMANDS",
    ...commands.flatMap(describeCommand),
    ".SH EXAMPLES",
    ...EXAMPLES.flatMap(([text, command]) => [".PP", escaped(text), ".PP", ".EX", escaped(command), ".EE"]),
    ".SH FILES",
    ...RUN_FILES.flatMap(([name, text]) => tagged([`RUN_DIR/${name}`, text])),
    ...OTHER_FILES.flatMap(tagged),
    ".SH EXIT STATUS",
    ...exit_codes.flatMap(tagged),
    ".SH ENVIRONMENT",
    ...ENVIRONMENT.flatMap(tagged),
    "",
  ].join("\n");
}

function describeCommand({ name, args, summary, options }: ManCommand): string[] {
  return [
    `.SS "nsfarm\\-deno ${escaped(`${name} ${args}`.trim())}"`,
    escaped(summary),
    ...options.flatMap(({ flags, description }) => tagged([flags, description])),
  ];
}

/** Shells with completions. Their scripts call nsfarm-deno, so that they also complete plugins' names and flags. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

// If nsfarm-deno returns nothing, the shell completes file names.
const BASH = `# nsfarm-deno completions bash > ~/.local/share/bash-completion/completions/nsfarm-deno
_nsfarm_deno() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <("\${COMP_WORDS[0]}" completions answer -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _nsfarm_deno nsfarm-deno
`;

const ZSH = `#compdef nsfarm-deno
# nsfarm-deno completions zsh > a folder of $fpath, as _nsfarm-deno
_nsfarm-deno() {
  local -a lines
  lines=("\${(@f)$("\${words[1]}" completions answer -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${lines[1]}" ]]; then
    compadd -- "\${(@)lines%%$'\\t'*}"
  else
    _files
  fi
}
if [[ "$funcstack[1]" == _nsfarm-deno ]]; then _nsfarm-deno "$@"; else compdef _nsfarm-deno nsfarm-deno; fi
`;

const FISH = `# nsfarm-deno completions fish > ~/.config/fish/completions/nsfarm-deno.fish
function __nsfarm_deno
    set -l words (commandline -opc)
    set -l answers ($words[1] completions answer -- $words[2..] (commandline -ct) 2>/dev/null)
    if test (count $answers) -gt 0
        printf '%s\\n' $answers
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c nsfarm-deno -f -a '(__nsfarm_deno)'
`;

export const COMPLETION_SCRIPTS: Record<Shell, string> = { bash: BASH, zsh: ZSH, fish: FISH };
