# How the Grid Engine daemons are started; sourced by gridengine_up after lib.sh.
# shellcheck shell=bash disable=SC2034 # what is unused here is used by them

# SGE_ND keeps a daemon in the foreground.
gridengine_environment() {
  DAEMON_ENV=("SGE_ROOT=$DIR/state/sge" SGE_CELL=default SGE_CLUSTER_NAME=test
    "SGE_QMASTER_PORT=$1" "SGE_EXECD_PORT=$2" SGE_ND=true)
}
[ ! -e "$DIR/ports" ] || gridengine_environment $(cat "$DIR/ports")

gridengine_start() { # qmaster|execd
  ! recorded_pid "$1" >/dev/null || return 0
  spawn "$1" head "/usr/sbin/sge_$1"
}

# One look, for wait_for.
gridengine_answers() { # qmaster|execd
  recorded_pid "$1" >/dev/null || return 1
  case $1 in
    qmaster) as_root qconf -sh >/dev/null 2>&1 ;;
    execd) as_root qhost 2>/dev/null | grep -Eq '^(localhost|'"$(hostname)"') +lx-amd64' ;;
  esac
} 8>&-

as_root() { env -i PATH="$PATH" LC_ALL=C HOME=/root "${DAEMON_ENV[@]}" timeout 20 "$@" 8>&-; }
