# Shared by the scripts of this folder; sourced, never run.
# shellcheck shell=bash disable=SC2034 # what is unused here is used by them
#
# A "host" here is a UTS namespace (so it has its own hostname), and mostly a mount
# namespace too, both kept alive by a mount below DIR/ns. That serves twice: daemons
# can be started again on the very same host after a kill, and whatever runs there,
# reparented, setsid'ed or not, is found by its namespace. So `down` leaves nothing
# behind and cannot hit a process of anybody else.

set -u
umask 022
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL=C

FARMER=farmer
# Another ordinary user, whose jobs run beside FARMER's.
OTHER_USER=farmer2
SELF=${0##*/}
HERE=$(cd "$(dirname "$0")" && pwd)
MACHINE_LOCK=/run/lock/nsfarm-cluster.lock
# Below the kernel's usual ephemeral range.
FIRST_PORT=20000
LAST_PORT=29999

note() { printf '%s: %s\n' "$SELF" "$*" >&2; }
die() { note "$*"; exit 1; }
bad_usage() { note "$1: see $SELF -h"; exit 2; }

# --- arguments ---------------------------------------------------------------

# Paths end up in config files of four programs and in KEY=VALUE lines without quotes.
check_path() {
  case $1 in
    /*) ;;
    *) die "'$1' is not an absolute path: give one that begins with /" ;;
  esac
  case $1 in
    *[!A-Za-z0-9._/-]*) die "'$1' has a character outside A-Z a-z 0-9 . _ / -: choose a plainer path" ;;
    */../* | */..) die "'$1' has a '..' in it: write it without" ;;
  esac
}

check_number() { # OPTION VALUE LEAST MOST
  case $2 in
    '' | *[!0-9]* | ????????*) die "$1 wants a whole number, not '$2'" ;;
  esac
  if [ "$2" -lt "$3" ] || [ "$2" -gt "$4" ]; then
    die "$1 must be from $3 to $4, not $2"
  fi
}

# Prints the folder that an option names, without links: mounts go by such paths.
real_folder() { # OPTION PATH
  local p
  check_path "${2:-}"
  p=$(cd "$2" 2>/dev/null && pwd -P) || die "$1: there is no folder '$2': make it first"
  check_path "$p"
  [ "$p" != / ] || die "$1: a host without / cannot work: name a folder below"
  echo "$p"
}

# Sets DIR, the state folder, from the argument or a new one below /tmp.
choose_dir() {
  require_supported
  DIR=${1:-$(mktemp -d "/tmp/nsfarm-${SELF%_up}.XXXXXX")}
  DIR=${DIR%/}
  check_path "$DIR"
  [ -n "$DIR" ] || die "the state folder cannot be /: choose another"
  if [ -e "$DIR" ] && [ ! -e "$DIR/.nsfarm-cluster" ] && [ -n "$(ls -A "$DIR")" ]; then
    die "$DIR has files of others: give an empty or a new folder"
  fi
  mkdir -p "$DIR" || die "cannot make $DIR"
  DIR=$(cd "$DIR" && pwd -P)
  check_path "$DIR"
  chmod 755 "$DIR"
  check_kind "${SELF%_up}"
  echo "${SELF%_up}" >"$DIR/.nsfarm-cluster"
}

# Sets DIR for the scripts that act on a cluster made earlier.
existing_dir() {
  [ "$(id -u)" = 0 ] || die "only root can do this: run it as root"
  DIR=${1%/}
  check_path "$DIR"
  DIR=$(cd "$DIR" 2>/dev/null && pwd -P) || die "there is no folder ${1}: nothing to do it to"
  [ -e "$DIR/.nsfarm-cluster" ] || die "$DIR is no state folder of these scripts: give the one given to the up script"
  check_kind "${SELF%_*}"
}

# What one kind of cluster has in its folder means nothing to another kind's scripts.
check_kind() {
  [ -e "$DIR/.nsfarm-cluster" ] || return 0
  local kind
  read -r kind <"$DIR/.nsfarm-cluster"
  [ "$kind" = "$1" ] || die "$DIR belongs to a '$kind' cluster: use ${kind}_${SELF#*_}, or another folder"
}

# One up, down or daemon command at a time on one folder. spawn closes the descriptor.
lock_dir() {
  exec 8>"$DIR/.lock"
  flock -w 300 8 || die "another command has held $DIR for 5 minutes: wait for it, or end it"
}

# --- the machine -------------------------------------------------------------

require_supported() {
  local why
  why=$("$HERE/supported") || die "$why"
}

# Installs what is missing. The lock keeps two runs off dpkg's own, on which apt-get
# fails; the timeout is for an apt-get that is not ours.
need_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  note "installing ${missing[*]}"
  ( flock 9; install_missing "$@" ) 9>"$MACHINE_LOCK" >"$DIR/log/apt.log" 2>&1 8>&- ||
    fail_with_log "apt-get could not install the packages $*" "$DIR/log/apt.log"
}

missing_packages() {
  local p
  for p; do
    dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null | grep -q '^ii' || echo "$p"
  done
}

# Looks again, for another run may have installed them while this one waited. A
# package's own service would take the default ports and outlive us, hence the policy.
install_missing() {
  local missing
  POLICY=/usr/sbin/policy-rc.d
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ ! -e $POLICY ]; then
    trap 'rm -f $POLICY' EXIT
    printf '#!/bin/sh\nexit 101\n' >$POLICY && chmod 755 $POLICY
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q -o DPkg::Lock::Timeout=300 update &&
    apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "${missing[@]}"
}

# sshd without PAM refuses an account whose password field is '!', useradd's default;
# '*' means just as much that no password fits.
need_farmer() {
  (
    flock 9
    for user in "$FARMER" "$OTHER_USER"; do
      id "$user" >/dev/null 2>&1 || useradd -m -s /bin/bash "$user" || exit 1
      case $(getent shadow "$user" | cut -d: -f2) in
        '!'*) usermod -p '*' "$user" || exit 1 ;;
      esac
    done
  ) 9>"$MACHINE_LOCK" >&2 8>&- || die "cannot make the users $FARMER and $OTHER_USER: try 'useradd -m NAME' by hand"
  runuser -u "$FARMER" -- test -x "$DIR" ||
    die "user $FARMER cannot enter $DIR: choose a folder whose parents are open to others (chmod o+x)"
}

# Sets PORTS to N ports that nobody listens on and no cluster of ours has reserved.
# A reservation is a file; it counts for as long as its cluster's folder says the same.
pick_ports() {
  local n=$1 reserved=/run/nsfarm-ports port
  PORTS=()
  exec 9>"$MACHINE_LOCK"
  flock 9
  mkdir -p "$reserved"
  for ((port = FIRST_PORT; port <= LAST_PORT && ${#PORTS[@]} < n; port++)); do
    if port_reserved "$reserved/$port" || port_used "$port"; then continue; fi
    echo "$DIR" >"$reserved/$port"
    echo "$port" >>"$DIR/ports"
    PORTS+=("$port")
  done
  keep_from_kernel
  exec 9>&-
  [ ${#PORTS[@]} = "$n" ] || die "no $n free ports from $FIRST_PORT to $LAST_PORT: take down clusters no longer used"
}

# Where the ephemeral range reaches down to our ports, an outgoing connection could take
# one while its daemon is dead for a test. Best effort: a container may not set this.
keep_from_kernel() {
  set_kept_ports "$(cat "$KEPT_PORTS" "$DIR/ports" 2>/dev/null)"
}

give_to_kernel() {
  [ -e "$KEPT_PORTS" ] || return 0
  set_kept_ports "$(tr , '\n' <"$KEPT_PORTS" | awk -v file="$DIR/ports" '
    BEGIN { while ((getline p < file) > 0) ours[p] = 1 }
    { n = split($1, r, "-"); hi = n > 1 ? r[2] : r[1]
      for (p = r[1] + 0; n && p <= hi + 0; p++) if (!(p in ours)) print p }')"
}

set_kept_ports() { # PORTS, one a line
  { grep . <<<"$1" | paste -sd, >"$KEPT_PORTS"; } 2>/dev/null || true
}
KEPT_PORTS=/proc/sys/net/ipv4/ip_local_reserved_ports

port_reserved() {
  local owner
  { read -r owner <"$1"; } 2>/dev/null && grep -qxs "${1##*/}" "$owner/ports"
}

# Any use counts for a port to be picked; only a listener (state 0A) shows a daemon ready.
port_used() { # PORT [STATE]
  local hex
  hex=$(printf '%04X' "$1")
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v p=":$hex" -v s="${2:-}" '
    substr($2, length($2) - 4) == p && (s == "" || s == $4) { found = 1 } END { exit !found }'
}

port_open() { port_used "$1" 0A; }

release_ports() {
  local port
  [ -e "$DIR/ports" ] || return 0
  exec 9>"$MACHINE_LOCK"
  flock 9
  give_to_kernel
  while read -r port; do
    grep -qxs "$DIR" "/run/nsfarm-ports/$port" && rm -f "/run/nsfarm-ports/$port"
  done <"$DIR/ports"
  rm -f "$DIR/ports"
  exec 9>&-
}

# --- processes ---------------------------------------------------------------

# State and start time of a process: the fields after the name, which may itself hold
# blanks and brackets.
proc_stat() {
  local line
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  # shellcheck disable=SC2086 # split on purpose
  set -- ${line##*) }
  echo "$1 ${20}"
}

# A zombie counts as dead: its parent may be stopped on purpose and never reap it.
proc_alive() {
  local s
  s=$(proc_stat "$1") && [ "${s%% *}" != Z ] && [ "${s%% *}" != X ]
}

boot_id() { cat /proc/sys/kernel/random/boot_id; }

record_pid() { # NAME PID
  local s
  s=$(proc_stat "$2") || return 1
  echo "$2 ${s#* } $(boot_id)" >"$DIR/pids/$1"
}

# Prints the pid recorded under NAME if that same process still lives.
recorded_pid() {
  local pid start boot s
  { read -r pid start boot <"$DIR/pids/$1"; } 2>/dev/null || return 1
  [ "$boot" = "$(boot_id)" ] && proc_alive "$pid" && s=$(proc_stat "$pid") && [ "${s#* }" = "$start" ] && echo "$pid"
}

# Starts a daemon on a host: own session, no descriptor or variable of the caller's, so
# that a harness which reads our output to its end is not kept waiting.
spawn() { # NAME HOST COMMAND...
  local name=$1 host=$2 log=$DIR/log/$1.out
  shift 2
  host_enter "$host"
  (
    close_descriptors
    cd "$DIR/log" || exit 1
    exec setsid "${ENTER[@]}" env -i PATH="$PATH" LC_ALL=C HOME=/root "${DAEMON_ENV[@]}" "$@"
  ) </dev/null >>"$log" 2>&1 &
  record_pid "$name" $!
  # Or bash reports its death as that of a job.
  disown $!
}
DAEMON_ENV=()

close_descriptors() {
  local fd
  for fd in /proc/self/fd/*; do
    fd=${fd##*/}
    [ "$fd" -le 2 ] || eval "exec $fd>&-"
  done
}

# Sends SIGNAL and waits until it shows: a test must not race with its own fault.
signal_pids() { # SIGNAL PID...
  local signal=$1 pid
  shift
  for pid; do kill -s "$signal" "$pid" 2>/dev/null; done
  for pid; do
    wait_for 10 signal_took "$signal" "$pid" || die "process $pid has not taken SIG$signal in 10 s: look at /proc/$pid/status"
  done
}

signal_name() { # stop|cont|kill
  echo "${1^^}"
}

signal_took() {
  local s
  s=$(proc_stat "$2") || return 0
  case $1 in
    STOP) case $s in [TtZX]*) ;; *) return 1 ;; esac ;;
    CONT) case $s in [Tt]*) return 1 ;; esac ;;
    KILL) case $s in [ZX]*) ;; *) return 1 ;; esac ;;
  esac
}

wait_for() { # SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.2
  done
}

# --- hosts -------------------------------------------------------------------

# unshare can only keep a mount namespace on a mount that passes nothing on.
hosts_prepare() {
  mkdir -p "$DIR/ns" "$DIR/empty" "$DIR/scratch"
  is_mounted "$DIR/ns" || { mount --bind "$DIR/ns" "$DIR/ns" && mount --make-private "$DIR/ns"; } ||
    die "cannot mount on $DIR/ns: choose a folder on a local disk"
}

is_mounted() { grep -qF " $1 " /proc/self/mountinfo; }

# A host that differs from the machine by nothing but being findable.
host_make_head() { # HOST
  : >"$DIR/ns/$1.uts"
  unshare --uts="$DIR/ns/$1.uts" true || die "cannot make a host: unshare --uts failed, see above"
}

# A host with its own name, /etc/hosts and /scratch; all else is shared with the machine.
host_make() { # HOST
  local h=$1
  : >"$DIR/ns/$h.uts"
  : >"$DIR/ns/$h.mnt"
  unshare --uts="$DIR/ns/$h.uts" --mount="$DIR/ns/$h.mnt" --propagation slave hostname "$h" ||
    die "cannot make host $h: unshare failed, see above"
  printf '127.0.0.1 %s localhost %s\n::1 localhost\n' "$h" "$(hostname)" >"$DIR/ns/$h.hosts"
  host_run "$h" mount --bind "$DIR/ns/$h.hosts" /etc/hosts || die "cannot give host $h its /etc/hosts"
  # /scratch itself stays on the machine for good: removing a folder that another
  # cluster's host has mounted would unmount it there.
  mkdir -p /scratch "$DIR/scratch/$h"
  chmod 1777 "$DIR/scratch/$h"
  host_run "$h" mount --bind "$DIR/scratch/$h" /scratch || die "cannot give host $h its /scratch"
}

# Takes PARENT and all below it away from HOST; the KEEP folders below it stay.
# They are held open meanwhile, since their paths go with PARENT.
host_hide() { # HOST PARENT [KEEP...]
  local h=$1 parent=$2
  shift 2
  mkdir -p "$DIR/empty/$h"
  # shellcheck disable=SC2016 # for the inner shell
  host_run "$h" bash -euc '
    empty=$1 parent=$2; shift 2
    fds=()
    for keep; do exec {fd}<"$keep"; fds+=("$fd"); done
    mount --bind "$empty" "$parent"
    for keep; do
      mkdir -p "$keep"
      mount --no-canonicalize --bind "/proc/self/fd/${fds[0]}" "$keep"
      fds=("${fds[@]:1}")
    done' hide "$DIR/empty/$h" "$parent" "$@" || die "cannot hide $parent from host $h"
}

# The prefix in array ENTER runs a command on HOST.
host_enter() {
  local ns=$DIR/ns/$1
  ENTER=(nsenter --uts="$ns.uts")
  [ ! -e "$ns.mnt" ] || ENTER+=(--mount="$ns.mnt")
  ENTER+=(--)
}

host_run() { # HOST COMMAND...
  host_enter "$1"
  shift
  "${ENTER[@]}" "$@"
}

hosts_all() {
  local f
  for f in "$DIR"/ns/*.uts; do
    [ ! -e "$f" ] || basename "$f" .uts
  done
}

# The pids on HOST. Without a living namespace file (after a reboot, say) there are none;
# its number alone proves nothing, the kernel gives it out again.
host_pids() {
  local f=$DIR/ns/$1.uts pid
  [ "$(stat -f -c %t "$f" 2>/dev/null)" = 6e736673 ] || return 0
  find /proc/[0-9]*/ns/uts -maxdepth 0 -lname "uts:\[$(stat -L -c %i "$f")\]" 2>/dev/null |
    while IFS=/ read -r _ _ pid _; do
      ! proc_alive "$pid" || echo "$pid"
    done
}

# Those of them whose program has one of the NAMEs, of which the kernel keeps 15 letters.
host_pids_named() { # HOST NAME...
  local pid comm name
  for pid in $(host_pids "$1"); do
    { read -r comm <"/proc/$pid/comm"; } 2>/dev/null || continue
    for name in "${@:2}"; do
      [ "$comm" != "${name:0:15}" ] || echo "$pid"
    done
  done
}

# Again and again, for a process may have forked between the look and the kill.
host_kill() {
  local pids i
  for ((i = 0; i < 50; i++)); do
    mapfile -t pids < <(host_pids "$1")
    [ ${#pids[@]} -gt 0 ] || return 0
    kill -s KILL "${pids[@]}" 2>/dev/null
    sleep 0.1
  done
  die "processes ${pids[*]} of host $1 do not die: look at /proc/PID/status for why"
}

host_signal() { # STOP|CONT|KILL HOST
  if [ "$1" = KILL ]; then
    host_kill "$2"
  else
    # shellcheck disable=SC2046 # a list of pids
    signal_pids "$1" $(host_pids "$2")
  fi
}

# --- up and down -------------------------------------------------------------

fail_with_log() { # MESSAGE LOG
  note "$1; the end of $2:"
  tail -n 25 "$2" >&2
  exit 1
}

# Decides what `up` has to do on a folder in use: print and exit if it is up as asked,
# else go on from a clean folder.
reuse_or_reset() { # OPTIONS-AS-ONE-WORD DAEMON...
  local options=$1 name dead=
  shift
  if [ -e "$DIR/env" ]; then
    [ "$(cat "$DIR/options")" = "$options" ] ||
      die "$DIR is up with other options ($(cat "$DIR/options")): run ${SELF%_up}_down $DIR first"
    for name; do recorded_pid "$name" >/dev/null || dead="$dead $name"; done
    if [ -z "$dead" ]; then
      cat "$DIR/env"
      exit 0
    fi
    note "not running any more:$dead; starting $DIR anew"
  fi
  take_down
  mkdir -p "$DIR/log" "$DIR/pids" "$DIR/state" "$DIR/etc"
  echo "$options" >"$DIR/options"
  # Half a cluster is of no use, and would be left over.
  trap '[ $? = 0 ] || take_down' EXIT
  trap 'exit 1' INT TERM HUP
}

# A folder the trivial jobs of the readiness check can write to.
ready_dir() {
  mkdir -p "$DIR/ready"
  chown "$FARMER:" "$DIR/ready"
}

as_farmer() { # COMMAND...
  (cd "$DIR/ready" && exec timeout 30 runuser -u "$FARMER" -- env -i PATH="$PATH" LC_ALL=C "HOME=/home/$FARMER" "${DAEMON_ENV[@]}" "$@") 8>&-
}

# The last act of `up`: by DIR/env the folder counts as up.
publish_env() { # KEY=VALUE...
  printf '%s\n' "$@" "CLUSTER_DIR=$DIR" "CLUSTER_USER=$FARMER" >"$DIR/env.new"
  mv "$DIR/env.new" "$DIR/env"
  cat "$DIR/env"
}

# Kills all that runs on the cluster's hosts, then removes the hosts and the state.
# Logs stay: they are what one wants after a failure.
take_down() {
  local h f pid
  rm -f "$DIR/env"
  for h in $(hosts_all); do host_kill "$h"; done
  for f in "$DIR"/pids/*; do
    ! pid=$(recorded_pid "${f##*/}") || signal_pids KILL "$pid"
  done
  remove_hosts
  release_ports
  rm -rf --one-file-system "$DIR/ns" "$DIR/empty" "$DIR/scratch" "$DIR/pids" "$DIR/ready" \
    "$DIR/options" "$DIR/state" "${DIR:?}/etc" "$DIR/ssh_config"
}

remove_hosts() {
  local f i
  for f in "$DIR"/ns/*.mnt "$DIR"/ns/*.uts "$DIR/ns"; do
    ! is_mounted "$f" || umount "$f" || umount -l "$f" || die "cannot unmount $f: see 'fuser -vm $f'"
  done
  # Mounts below go with their namespace, a moment after its last process; a removal
  # before that could reach through them.
  for ((i = 0; i < 50; i++)); do
    ! grep -qF " $DIR/" /proc/self/mountinfo || { sleep 0.1; continue; }
    return 0
  done
  die "there are still mounts below $DIR: see 'grep $DIR /proc/self/mountinfo', umount them, and try again"
}

down_main() {
  case ${1:-} in
    -h | --help) usage; exit 0 ;;
  esac
  local purge=0
  [ "${2:-}" != --purge ] || purge=1
  [ $# -eq $((1 + purge)) ] || bad_usage "give the state folder, and nothing but it and --purge"
  existing_dir "$1"
  lock_dir
  take_down
  [ $purge = 0 ] || rm -rf --one-file-system "$DIR"
}
