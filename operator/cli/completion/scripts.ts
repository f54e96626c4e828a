import type { CompletionConfig } from "../../config/completion.ts";

const bash = `# clickscribe completion for bash: source <(clickscribe completion bash)
_clickscribe() {
  local words=() line lead="" last=-1 join="" i
  for ((i = 1; i <= COMP_CWORD; i++)); do
    # Bash takes --flag=value for three words.
    if [[ \${COMP_WORDS[i]} == "=" && $last -ge 0 ]]; then
      words[last]+="="
      join=1
    elif [[ -n $join ]]; then
      words[last]+="\${COMP_WORDS[i]}"
      join=""
    else
      words+=("\${COMP_WORDS[i]}")
      last=$((last + 1))
    fi
  done
  [[ $last -ge 0 && \${words[last]} == --*=* ]] && lead="\${words[last]%%=*}="
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :0) type compopt >/dev/null 2>&1 && compopt -o default ;;
      :*) ;;
      *)
        line="\${line%%$'\\t'*}"
        COMPREPLY+=("\${line#"$lead"}")
        ;;
    esac
  done < <(clickscribe __complete -- "\${words[@]}" 2>/dev/null)
}
complete -F _clickscribe clickscribe
`;

const zsh = `#compdef clickscribe
# clickscribe completion for zsh: source <(clickscribe completion zsh)
_clickscribe() {
  local -a candidates
  local line word files=""
  while IFS= read -r line; do
    case $line in
      :0) files=1 ;;
      :*) ;;
      *)
        word="\${line%%$'\\t'*}"
        if [[ $line == *$'\\t'* ]]; then
          candidates+=("\${word//:/\\\\:}:\${line#*$'\\t'}")
        else
          candidates+=("\${word//:/\\\\:}")
        fi
        ;;
    esac
  done < <(clickscribe __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if [[ -n $files ]]; then
    _files
  else
    _describe clickscribe candidates
  fi
}
if [[ \${funcstack[1]} == _clickscribe ]]; then
  _clickscribe "$@"
else
  compdef _clickscribe clickscribe
fi
`;

const fish = `# clickscribe completion for fish: clickscribe completion fish | source
function __clickscribe_complete
  set -l words (commandline -opc) (commandline -ct)
  set -e words[1]
  for line in (clickscribe __complete -- $words 2>/dev/null)
    switch $line
      case ':0'
        __fish_complete_path (commandline -ct)
      case ':*'
      case '*'
        echo $line
    end
  end
end
complete -c clickscribe -f -a '(__clickscribe_complete)'
`;

const powershell = `# clickscribe completion for PowerShell: clickscribe completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName clickscribe -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
    Where-Object { $_.Extent.StartOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
  # An empty argument is lost on the way to a program.
  $empty = if ($wordToComplete -eq '') { @('--empty') } else { @() }
  clickscribe __complete @empty -- @words 2>$null | Where-Object { $_ -notmatch '^:' } | ForEach-Object {
    $word, $help = $_ -split "\`t", 2
    if (-not $help) { $help = $word }
    [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $help)
  }
}
`;

/**
 * What a shell sources. Each asks `clickscribe __complete -- WORD ...`, which prints a candidate a line, with a tab and
 * its help, and at last `:0` where file names are wanted and `:4` where they are not (the protocol of cobra, which
 * kubectl speaks too).
 */
export const scripts: Readonly<Record<CompletionConfig["shell"], string>> = { bash, zsh, fish, powershell };
