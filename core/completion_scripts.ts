/** The shells that completions are for. Each script asks nsfarm-deno itself, so that plugins' names and flags are known. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

// Where nothing is answered, the shell completes file names.
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
