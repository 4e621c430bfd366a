# ISC license.
# Completion for bash. The tools say themselves what may stand where
# (s6-rc-overview(7), SHELL COMPLETION); here is only what bash needs for it.
# bash-completion loads this by a tool's name; without it: . completions/s6-rc.bash
# shellcheck shell=bash

# Splits the line up to the cursor like a shell: sets words (whole ones, the
# first is the tool), cur (what is there of the current one), quote (the one
# that is open), base (how much of cur readline will not replace), tilde.
# Of expansions it knows ~/, $NAME and ${NAME}; nothing is executed.
_s6_rc_split() {
  local line=${COMP_LINE:0:COMP_POINT} c i begun='' name
  words=() cur='' quote='' base=0 tilde=''
  for ((i = 0; i < ${#line}; i++)); do
    c=${line:i:1}
    case $quote$c in
      [$' \t\n'])
        [[ -z $begun ]] || words+=("$cur")
        cur='' begun='' base=0 tilde=''
        continue
        ;;
      "''" | '""') quote='' ;;
      [\'\"]) quote=$c base=${#cur} ;;
      \\)
        ((++i))
        cur+=${line:i:1}
        ;;
      '"'\\)
        [[ ${line:i+1:1} == [\$\`\"\\] ]] && ((++i))
        cur+=${line:i:1}
        ;;
      '$' | '"$')
        name=${line:i+1}
        if [[ $name =~ ^[A-Za-z_][A-Za-z0-9_]* ]]; then
          name=${BASH_REMATCH[0]}
          ((i += ${#name}))
          cur+=${!name-}
        elif [[ $name =~ ^\{([A-Za-z_][A-Za-z0-9_]*)\} ]]; then
          name=${BASH_REMATCH[1]}
          ((i += ${#name} + 2))
          cur+=${!name-}
        else
          cur+=$c
        fi
        ;;
      '~')
        if [[ (-z $begun || $cur == --*=) && ${line:i+1:1} == / ]]; then
          tilde=${#cur}
          cur+=$HOME
        else
          cur+=$c
        fi
        ;;
      *)
        cur+=$c
        [[ -n $quote || $COMP_WORDBREAKS != *"$c"* ]] || base=${#cur}
        ;;
    esac
    begun=1
  done
}

# Adds a completion of the current word, the way it must be written here.
_s6_rc_add() { # WORD
  local word=${1:base}
  case $quote in
    \") word=${word//\\/\\\\} word=${word//\"/\\\"} word=${word//\$/\\\$} word=${word//\`/\\\`} ;;
    \') word=${word//\'/\'\\\'\'} ;;
    *)
      # printf quotes commas for the sake of braces, which it quotes as well
      [[ -z $word ]] || printf -v word %q "$word"
      word=${word//\\,/,}
      if [[ -n $tilde && $base -le $tilde ]]; then
        printf -v home %q "$HOME"
        word=${word/"$home"/\~}
      fi
      ;;
  esac
  COMPREPLY+=("$word")
}

_s6_rc() {
  local words cur quote base tilde home line word prefix=''
  COMPREPLY=()
  _s6_rc_split
  while IFS= read -r line; do
    case $line in
      *$'\t'*)
        word=$prefix${line#*$'\t'}
        [[ $word != "$cur"* ]] || _s6_rc_add "$word"
        ;;
      skip\ *) prefix=${cur:0:${line#skip }} ;;
      files | directories)
        while IFS= read -r word; do
          [[ ! -d $word ]] || word+=/
          _s6_rc_add "$prefix$word"
        done < <(compgen -"${line:0:1}" -- "${cur#"$prefix"}")
        [[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != */ ]] || compopt -o nospace 2>/dev/null
        ;;
      users | commands)
        while IFS= read -r word; do _s6_rc_add "$prefix$word"; done < <(compgen -"${line:0:1}" -- "${cur#"$prefix"}")
        ;;
    esac
  done < <("${words[0]}" --complete "${words[@]:1}" "$cur" 2>/dev/null)
}

# For all tools in PATH, and for the one whose name this file has.
_s6_rc_register() {
  local tool
  for tool in "${BASH_SOURCE[0]##*/}" $(compgen -c s6-rc); do
    case $tool in s6-rc | s6-rc-*) complete -F _s6_rc -- "$tool" ;; esac
  done
}
_s6_rc_register
unset -f _s6_rc_register
