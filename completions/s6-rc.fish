# ISC license.
# Completion for fish. The tools say themselves what may stand where
# (s6-rc-overview(7), SHELL COMPLETION); here is only what fish needs for it.

# Of expansions in earlier words it knows ~ and $NAME; nothing is executed.
function __s6_rc_word
    set -l word (string replace -r '^~(?=/|$)' -- "$HOME" $argv[1])
    while set -l found (string match -r '^([^$]*)\$(\w+)(.*)$' -- $word)
        set -l name $found[3]
        set word "$found[2]$$name$found[4]"
    end
    printf '%s\n' $word
end

function __s6_rc_complete
    set -l given
    for word in (commandline -opc)
        set -a given (__s6_rc_word $word)
    end
    set -l current (commandline -ct)
    set -l prefix ''
    for line in ($given[1] --complete $given[2..-1] "$current" 2>/dev/null)
        switch $line
            case '*'\t'*'
                set -l parts (string split -m 1 \t -- $line)
                printf '%s%s\t%s\n' $prefix $parts[2] $parts[1]
            case 'skip *'
                set prefix (string sub -l (string replace 'skip ' '' -- $line) -- $current)
            case files
                __s6_rc_prefixed $prefix (__fish_complete_path (string replace -- $prefix '' $current))
            case directories
                __s6_rc_prefixed $prefix (__fish_complete_directories (string replace -- $prefix '' $current) '')
            case users
                __s6_rc_prefixed $prefix (__fish_complete_users)
            case commands
                __s6_rc_prefixed $prefix (__fish_complete_command)
        end
    end
end

function __s6_rc_prefixed
    for line in $argv[2..-1]
        printf '%s%s\n' $argv[1] $line
    end
end

# This file has a tool's name: fish loads it by that.
complete -c (string replace -r '.*/(.*)\.fish$' '$1' -- (status filename)) -f -a '(__s6_rc_complete)'
