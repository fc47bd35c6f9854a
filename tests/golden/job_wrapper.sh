#!/bin/sh
# Runs shards of the run demo with nextstat on nodes where nsfarm-deno itself cannot run. It needs only POSIX tools.
# usage: job_wrapper.sh shared|transfer SHARD[+SHARD...] [JOB TASK TOKEN]
#   shared: in the run directory; transfer: in the job's sandbox, to which inputs and nextstat were sent.
# For each shard it writes into incoming: shard_I.ATTEMPT.out.json and .metrics.json as nextstat wrote them, and
# shard_I.ATTEMPT.job.txt with the facts of the attempt as KEY=VALUE lines, end=1 last. nsfarm-deno checks them.
# Made by nsfarm-deno VERSION: change the options and render again instead of editing.

place=${1:?usage: job_wrapper.sh shared|transfer SHARD[+SHARD...] [JOB TASK TOKEN]}
shards=${2:?usage: job_wrapper.sh shared|transfer SHARD[+SHARD...] [JOB TASK TOKEN]}
job=${3:-} task=${4:-} token=${5:-}
token=${token#nsfarm-}
: "${PATH:=/usr/local/bin:/usr/bin:/bin}"
export PATH

# The lines of --setup. A function has its own arguments, so that files that the lines source do not see this script's.
# `module` and the like belong to the login shell.
command -v module >/dev/null 2>&1 || [ ! -r /etc/profile ] || . /etc/profile
nsfarm_setup() {
module load gcc
}
nsfarm_setup
set +eu

case $place in
shared)
  if ! cd /shared/runs/demo; then
    echo "nsfarm-deno: cannot enter "/shared/runs/demo" on $(uname -n): it must be on a disk that this node sees" >&2
    exit 71
  fi
  config=/shared/specs/spec.json nextstat=/shared/bin/nextstat
  set -- /shared/specs/spec.json /shared/specs/data/observed.parquet
  ;;
transfer)
  config=inputs/spec.json nextstat=./nextstat
  [ -x "$nextstat" ] || chmod +x "$nextstat" 2>/dev/null
  set -- inputs/spec.json inputs/data/observed.parquet
  ;;
*)
  echo "nsfarm-deno: \"$place\" is neither shared nor transfer" >&2
  exit 2
  ;;
esac
# HTCondor holds a job that does not produce its output files, so this folder is always made.
if ! { [ -d incoming ] || mkdir -p incoming; }; then
  echo "nsfarm-deno: cannot make the folder $PWD/incoming on $(uname -n)" >&2
  exit 73
fi

NSFARM_CONDOR_CLUSTER=${job:-${NSFARM_CONDOR_CLUSTER:-}} && export NSFARM_CONDOR_CLUSTER
NSFARM_CONDOR_PROC=${task:-${NSFARM_CONDOR_PROC:-}} && export NSFARM_CONDOR_PROC

# 0 means the CPUs allocated to the job, never all CPUs of the node.
threads=${NSFARM_THREADS:-1}
if [ "$threads" -eq 0 ]; then
  for threads in "$(sed -n 's/^Cpus = \([0-9]*\)$/\1/p' "${_CONDOR_MACHINE_AD:-/dev/null}" 2>/dev/null)" "$(unset OMP_NUM_THREADS && nproc 2>/dev/null)" 1; do
    case $threads in '' | 0 | *[!0-9]*) ;; *) break ;; esac
  done
fi
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 VECLIB_MAXIMUM_THREADS=1 NUMEXPR_NUM_THREADS=1

note() {
  case $2 in *[[:cntrl:]]*) set -- "$1" '?' ;; esac
  printf '%s=%s\n' "$1" "$2"
}

# Seconds since 1970, with a fraction if date supports it.
now() {
  at=$(date +%s.%N 2>/dev/null)
  case $at in '' | *[!0-9.]* | *.) date +%s ;; *) echo "$at" ;; esac
}

load() {
  read -r one five fifteen rest 2>/dev/null </proc/loadavg && note "$1" "$one $five $fifteen"
}

# Size and times that identify nextstat, the spec and its files since their sums were computed, in one line; empty
# without stat.
stamp() {
  echo $(stat -L -c '%s %y %z %i;' -- "$nextstat" "$@" 2>/dev/null)
}

# Facts that are the same for all shards of this job, as long as no file changes.
machine() {
  note files_stamp "$(stamp "$@")"
  note host "$(uname -n)"
  note kernel "$(uname -r)"
  note glibc "$(getconf GNU_LIBC_VERSION 2>/dev/null || ldd --version 2>/dev/null | head -n 1)"
  read -r boot 2>/dev/null </proc/sys/kernel/random/boot_id && note boot_id "$boot"
  awk -F '[ \t]*: *' '
    /^processor/ { logical++ }
    /^(model name|Model)/ { model = $2 }
    /^physical id/ { socket = $2 }
    /^core id/ { if (!((socket "/" $2) in core)) { core[socket "/" $2] = 1; physical++ } }
    /^MemTotal/ { split($2, memory, " ") }
    END {
      if (model != "") print "cpu_model=" model
      if (logical) print "cpus_logical=" logical "\ncpus_physical=" (physical ? physical : logical)
      if (memory[1]) print "memory_kb=" memory[1]
    }' /proc/cpuinfo /proc/meminfo 2>/dev/null
  version=$("$nextstat" --version 2>/dev/null) && note nextstat_version "$version"
  for name in OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS VECLIB_MAXIMUM_THREADS NUMEXPR_NUM_THREADS RAYON_NUM_THREADS CUDA_VISIBLE_DEVICES LANG TZ _CONDOR_SLOT NSFARM_CONDOR_CLUSTER NSFARM_CONDOR_PROC; do
    eval "value=\${$name-}"
    [ -z "$value" ] || note "env.$name" "$value"
  done
  if command -v sha256sum >/dev/null 2>&1; then
    sums=$(sha256sum -- "$nextstat" 2>/dev/null) && sums=${sums%% *} && note nextstat_sha256 "${sums#\\}"
    number=0
    sums=$(sha256sum -- "$@" 2>/dev/null) && printf '%s\n' "$sums" | while read -r sum rest; do
      note "input_sha256.$number" "${sum#\\}"
      number=$((number + 1))
    done
  fi
}

newline='
'
fact() {
  value=$newline$facts$newline
  case $value in *"$newline$1="*) ;; *) return 0 ;; esac
  value=${value#*"$newline$1="}
  printf '%s\n' "${value%%"$newline"*}"
}

# Present facts: sums are computed again if size or times differ. An earlier job may have noted them.
look_again() {
  [ -n "$facts" ] || facts=$(cat "${NSFARM_FACTS:-/dev/null}" 2>/dev/null)
  seen=$(stamp "$@")
  [ -z "$facts" ] || [ -z "$seen" ] || [ "$seen" != "$(fact files_stamp)" ] || return 0
  facts=$(machine "$@")
  [ -z "${NSFARM_FACTS:-}" ] || { printf '%s\n' "$facts" >"$NSFARM_FACTS.$$" && mv -f "$NSFARM_FACTS.$$" "$NSFARM_FACTS"; } 2>/dev/null
}

# The file that differs from the one at render. Without sha256sum no difference can be found.
changed_file() {
  sum=$(fact nextstat_sha256) wanted=3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c
  case "$wanted" in '' | *"$sum"*) ;; *) echo "nextstat $nextstat" ;; esac
  number=0
  for wanted in 1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a 2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b; do
    sum=$(fact "input_sha256.$number")
    case "$sum" in '' | "$wanted") ;; *) echo "$1" ;; esac
    number=$((number + 1))
    shift
  done
}

# Number of this job's processes that the kernel killed for lack of memory (cgroup v2, memory.events).
while IFS=: read -r number controllers group && [ "$number" != 0 ]; do :; done 2>/dev/null </proc/self/cgroup
oom_kills() {
  [ -r "/sys/fs/cgroup$group/memory.events" ] || return 0
  while read -r key value; do
    [ "$key" = oom_kill ] && echo "$value"
  done <"/sys/fs/cgroup$group/memory.events"
}

# CPU seconds of the fit, from the output of `times` for all children before and after it, in which a number may have
# the decimal comma of the user's locale.
cpu_times() {
  LC_ALL=C awk '{
    gsub(/[^0-9ms ]+/, ".")
    for (i = 1; i <= 2; i++) { split($i, part, /m|s/); second[NR, i] = part[1] * 60 + part[2] }
  } END { if (NR == 4) printf "cpu_user_s=%.3f\ncpu_system_s=%.3f\n", second[4, 1] - second[2, 1], second[4, 2] - second[2, 2] }' \
    "$hidden.times" 2>/dev/null
}

# The last lines of nextstat's stderr; characters that could control a terminal become "?".
stderr_tail() {
  tail -n 20 "$hidden.stderr" 2>/dev/null | LC_ALL=C tr '\000-\010\013-\037\177' '?' | cut -c 1-400 | sed 's/^/stderr=/'
}

# nextstat exits 1 if a guardrail failed on its own toys; its output is then complete, and a result. nsfarm-deno checks
# it.
has_result() {
  [ "$exit_code" -eq 0 ] && return
  [ "$exit_code" -eq 1 ] && grep -q '"passed": *false' "$hidden.out.json" 2>/dev/null
}

refuse() {
  echo "$1 is not the file that the run was rendered with" >&2
  return 78
}

give_name() {
  if [ -s "$hidden.$1" ]; then mv -f "$hidden.$1" "$stem.$1"; else rm -f "$hidden.$1"; fi
}

begin() {
  echo format=nsfarm-job-1
  note run_token 00000000000000aa
  note shard "$shard"
  note attempt "$attempt"
  note scheduler htcondor
  note place "$place"
  note job_id "$job"
  note task_id "$task"
  note submission_token "$token"
  note pid $$
  read -r stat 2>/dev/null <"/proc/$$/stat" && set -- ${stat##*)} && shift 19 && note start_ticks "$1"
  printf '%s\n' "$facts"
  read -r uptime rest 2>/dev/null </proc/uptime && note uptime_s "$uptime"
  note threads "$threads"
  note slot "${NSFARM_SLOT:-${_CONDOR_SLOT:-}}"
  load load_start
}

finish() {
  note started "$started"
  note finished "$finished"
  # Seconds since boot: the clock of date may be set in between.
  note uptime_started "$uptime_started"
  note uptime_finished "$uptime_finished"
  # An exit code above 128 means a signal only if this signal exists: 255 is none.
  signal=
  [ "$exit_code" -le 128 ] || signal=$(kill -l "$exit_code" 2>/dev/null)
  case $signal in
  [A-Z]*) note signal "SIG$signal" ;;
  *) note exit_code "$exit_code" ;;
  esac
  note stopped "$stopped"
  note oom_kills_before "$ooms"
  note oom_kills_after "$(oom_kills)"
  note disk_free_kb "$(df -Pk . 2>/dev/null | awk 'NR == 2 { print $4 }')"
  cpu_times
  load load_end
  if has_result && [ -s "$hidden.out.json" ]; then
    note out_bytes "$(wc -c <"$hidden.out.json" | tr -d ' ')"
    sums=$(sha256sum -- "$hidden.out.json" 2>/dev/null) && sums=${sums%% *} && note out_sha256 "${sums#\\}"
    [ ! -s "$hidden.metrics.json" ] || note metrics_bytes "$(wc -c <"$hidden.metrics.json" | tr -d ' ')"
  fi
  stderr_tail
}

pass_on() {
  stopped=$1
  [ -z "$fit" ] || kill -s TERM "$fit" 2>/dev/null
}

run_shard() { # SHARD INPUT...
  shard=$1
  shift
  attempt=${NSFARM_ATTEMPT:-${job:-0}-${task:-0}-$(date +%s)-$$}
  stem=incoming/shard_$shard.$attempt hidden=incoming/.shard_$shard.$attempt
  look_again "$@"
  changed=$(changed_file "$@")
  case $shard in
  4) set -- "$nextstat" unbinned-fit-toys --config "$config" --n-toys 3 --seed 52 --threads "$threads" --gen init --set mu=1.5 --max-abs-poi-pull-mean 1e9 --json-metrics "$hidden.metrics.json" -o "$hidden.out.json" ;;
  5) set -- "$nextstat" unbinned-fit-toys --config "$config" --n-toys 2 --seed 55 --threads "$threads" --gen init --set mu=1.5 --max-abs-poi-pull-mean 1e9 --json-metrics "$hidden.metrics.json" -o "$hidden.out.json" ;;
  '' | *[!0-9]*) set -- ;;
  *) [ "$shard" -lt 4 ] && set -- "$nextstat" unbinned-fit-toys --config "$config" --n-toys 20 --seed 42 --shard "$shard/4" --threads "$threads" --gen init --set mu=1.5 --max-abs-poi-pull-mean 1e9 --json-metrics "$hidden.metrics.json" -o "$hidden.out.json" || set -- ;;
  esac
  if [ $# -eq 0 ]; then
    echo "nsfarm-deno: the run demo has no shard \"$shard\"" >&2
    return 2
  fi
  container=apptainer
  command -v apptainer >/dev/null 2>&1 || container=singularity
  if [ "$place" = shared ]; then
    set -- "$container" exec --bind /shared/bin --bind /shared/runs/demo --bind /shared/specs /images/fit.sif "$@"
  else
    set -- "$container" exec --bind "$PWD" --pwd "$PWD" ./fit.sif "$@"
  fi
  begin >"$stem.job.txt" || echo "nsfarm-deno: cannot write $PWD/$stem.job.txt: is the disk full?" >&2
  fit=
  ooms=$(oom_kills)
  times >"$hidden.times" 2>/dev/null
  started=$(now)
  read -r uptime_started rest 2>/dev/null </proc/uptime || uptime_started=
  [ -z "$changed" ] || set -- refuse "$changed"
  "$@" </dev/null >"$hidden.stdout" 2>"$hidden.stderr" &
  fit=$!
  [ -z "$stopped" ] || kill -s TERM "$fit" 2>/dev/null
  wait "$fit"
  exit_code=$?
  # A signal interrupts wait before the fit has ended.
  while kill -s 0 "$fit" 2>/dev/null; do
    wait "$fit"
    exit_code=$?
  done
  # The next shard may begin on these cores while this one is being finished.
  [ -z "${NSFARM_TELL:-}" ] || echo free >&3
  finished=$(now)
  read -r uptime_finished rest 2>/dev/null </proc/uptime || uptime_finished=
  times >>"$hidden.times" 2>/dev/null
  end=$(finish)
  rm -f "$hidden.times"
  failed_fit=0
  has_result || { failed_fit=1 && rm -f "$hidden.out.json" "$hidden.metrics.json"; }
  for kind in out.json metrics.json stdout stderr; do give_name "$kind"; done
  printf '%s\nend=1\n' "$end" >>"$stem.job.txt" ||
    echo "nsfarm-deno: cannot write $PWD/$stem.job.txt: is the disk full?" >&2
  return "$failed_fit"
}

fit='' stopped='' failed=0
trap 'pass_on SIGTERM' TERM
trap 'pass_on SIGINT' INT
trap 'pass_on SIGHUP' HUP
trap 'pass_on SIGUSR1' USR1
facts=
while [ -n "$shards" ] && [ -z "$stopped" ]; do
  run_shard "${shards%%+*}" "$@" || failed=5
  case $shards in *+*) shards=${shards#*+} ;; *) shards= ;; esac
done
[ -z "$stopped" ] || exit 143
exit $failed
