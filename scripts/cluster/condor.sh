# How the HTCondor daemons are started; sourced by condor_up and condor_daemon after lib.sh.
# shellcheck shell=bash disable=SC2034 # what is unused here is used by them

DAEMON_ENV=("CONDOR_CONFIG=$DIR/etc/condor_config")

# One condor_master to a host, as on real machines: the submit side's is on "head".
condor_start_host() { # HOST
  ! recorded_pid "master-$1" >/dev/null || return 0
  local DAEMON_ENV=("CONDOR_CONFIG=$DIR/etc/$1.config")
  spawn "master-$1" "$1" condor_master -f
}

condor_nodes() { hosts_all | grep -vx head; }

# The process being there is not enough: it may not listen yet.
condor_answers() { # NAME HOST
  [ -n "$(host_pids_named "$2" "condor_$1")" ] || return 1
  case $1 in
    schedd) condor_client condor_q -allusers ;;
    collector) condor_client condor_status -any ;;
    startd) port_open "$(sed -n '1s/^<[^:]*:\([0-9]*\).*/\1/p' "$DIR/log/$2/.startd_address" 2>/dev/null)" ;;
  esac
}

condor_client() { timeout 10 env "${DAEMON_ENV[@]}" "$@" >/dev/null 2>&1 8>&-; }
