# The program knows what may come next: it is asked with the words before, and a flag that is begun.
function __ews_exporter_complete
    set -l before (commandline -opc)[2..]
    set -l current (commandline -ct)
    string match -q -- '-*' $current; and set -a before $current
    ews_exporter --completion-bash $before 2>/dev/null
end
complete -c ews_exporter -a '(__ews_exporter_complete)'
