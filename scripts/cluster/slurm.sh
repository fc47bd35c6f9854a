# How the Slurm daemons are started; sourced by slurm_up and slurm_daemon after lib.sh.
# shellcheck shell=bash disable=SC2034 # what is unused here is used by them


SLURM_NODES="n1 n2"
DAEMON_ENV=("SLURM_CONF=$DIR/etc/slurm.conf")

slurm_start() { # NAME
  ! recorded_pid "$1" >/dev/null || return 0
  case $1 in
    munged)
      spawn munged head munged --foreground --key-file="$DIR/etc/munge.key" \
        --socket="$DIR/state/munge/socket" --pid-file="$DIR/state/munge/pid" \
        --seed-file="$DIR/state/munge/seed" --log-file="$DIR/log/munged.log"
      ;;
    slurmctld) spawn slurmctld head slurmctld -D -f "$DIR/etc/slurm.conf" ;;
    slurmd-*) spawn "$1" "${1#slurmd-}" slurmd -D -f "$DIR/etc/slurm.conf" -N "${1#slurmd-}" ;;
  esac
}

# One look, for wait_for.
slurm_answers() { # NAME
  recorded_pid "$1" >/dev/null || return 1
  case $1 in
    munged) [ -S "$DIR/state/munge/socket" ] ;;
    slurmctld) env "${DAEMON_ENV[@]}" timeout 10 scontrol ping 2>/dev/null | grep -q ' UP$' ;;
    slurmd-*) port_open "$(sed -n "s/^NodeName=${1#slurmd-} .*Port=\([0-9]*\).*/\1/p" "$DIR/etc/slurm.conf")" ;;
  esac
} 8>&-
