"""Print what makes a shell complete agentguictl: verbs, options, and ids with what they stand for.

  bash   agentguictl completion bash > ~/.local/share/bash-completion/completions/agentguictl
  zsh    agentguictl completion zsh > ~/.zfunc/_agentguictl     (with fpath+=~/.zfunc before compinit)
  fish   agentguictl completion fish > ~/.config/fish/completions/agentguictl.fish

The script asks this program at each Tab, so it never has to be made anew.
"""

import sys
from argparse import SUPPRESS, ArgumentParser, Namespace

from agentguid.cli.errors import USAGE, CliError

BASH = """\
_agentguictl() {
    local cur words cword line
    _get_comp_words_by_ref -n =: cur words cword 2>/dev/null || {
        cur=${COMP_WORDS[COMP_CWORD]} words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
    }
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            '<directories>') compopt -o filenames; COMPREPLY+=($(compgen -d -- "$cur")) ;;
            '<files>') compopt -o filenames; COMPREPLY+=($(compgen -f -- "$cur")) ;;
            *) COMPREPLY+=("$line") ;;
        esac
    done < <("${words[0]}" completion bash -- "${words[@]:1:cword}" 2>/dev/null)
    # Where several are listed, each says what it stands for; the one that is left is inserted bare.
    if [[ $COMP_TYPE == 63 && ${#COMPREPLY[@]} -gt 1 ]]; then
        local -a told=()
        while IFS=$'\\t' read -r line text; do
            told+=("$(printf '%-18s %s' "$line" "${text:0:$((${COLUMNS:-80} - 24))}")")
        done < <("${words[0]}" completion fish -- "${words[@]:1:cword}" 2>/dev/null)
        [[ ${#told[@]} == "${#COMPREPLY[@]}" ]] && COMPREPLY=("${told[@]}")
    fi
}
complete -F _agentguictl agentguictl
"""
ZSH = """\
#compdef agentguictl
_agentguictl() {
    local line word text
    local -a found
    while IFS= read -r line; do
        case $line in
            '<directories>') _path_files -/; return ;;
            '<files>') _files; return ;;
        esac
        word=${line%%$'\\t'*} text=${line#*$'\\t'}
        [[ $word == $line ]] && found+=("${word//:/\\\\:}") || found+=("${word//:/\\\\:}:$text")
    done < <("${words[1]}" completion zsh -- "${(@)words[2,CURRENT]}" 2>/dev/null)
    _describe -V agentguictl found
}
if [[ $funcstack[1] == _agentguictl ]]; then _agentguictl "$@"; else compdef _agentguictl agentguictl; fi
"""
FISH = """\
function __agentguictl_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] completion fish -- $words[2..-1] 2>/dev/null)
        switch $line
            case '<directories>'
                __fish_complete_directories (commandline -ct)
            case '<files>'
                __fish_complete_path (commandline -ct)
            case '*'
                echo $line
        end
    end
end
complete -c agentguictl -f -k -a '(__agentguictl_complete)'
"""
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("shell", choices=tuple(SCRIPTS))
    parser.add_argument("words", nargs="*", help=SUPPRESS)


def run(args: Namespace) -> int:
    if args.json:
        raise CliError("a script is no JSON; leave --json out", USAGE)
    if "--" in sys.argv:
        from agentguid.cli.completing import complete, shown

        for line in shown(complete(args.words), args.shell):
            print(line)
    else:
        print(SCRIPTS[args.shell], end="")
    return 0
