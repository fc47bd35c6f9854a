# How the ssh hosts' daemons are started; sourced by ssh_up and ssh_daemon after lib.sh.
# shellcheck shell=bash

# Listener, session and, while somebody logs in, authentication.
SSHD_NAMES=(sshd sshd-session sshd-auth)

sshd_start() { # HOST
  ! recorded_pid "sshd-$1" >/dev/null || return 0
  spawn "sshd-$1" "$1" /usr/sbin/sshd -D -e -f "$DIR/etc/$1.sshd_config"
}

sshd_answers() { # HOST
  recorded_pid "sshd-$1" >/dev/null && port_open "$(sed -n 's/^Port //p' "$DIR/etc/$1.sshd_config")"
}

sshd_pids() { host_pids_named "$1" "${SSHD_NAMES[@]}"; }
