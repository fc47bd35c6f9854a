#!/bin/sh
# One task of a Grid Engine array; its words say which shard: `from FIRST`, or `of SHARD...` with one for each task.
run_dir='/shared/it'\''s $HOME/a, b:c'
nsfarm='/shared/bin/nsfarm-deno'
exec >>"$run_dir/logs/gridengine_$JOB_ID.$SGE_TASK_ID.log" 2>&1 || exit
case $JOB_NAME in nsfarm-*) NSFARM_TOKEN=${JOB_NAME#nsfarm-} && export NSFARM_TOKEN ;; esac
case $1 in
from) shard=$(($2 + SGE_TASK_ID - 1)) ;;
*) shift "$SGE_TASK_ID" && shard=$1 ;;
esac
cd "$run_dir" || exit
set -- "$shard"
# SIGUSR2 comes before SIGKILL (qsub(1), -notify), to all processes of the job: time to write down how it ended.
(
trap '' USR1 USR2
# The lines of --setup. A function has its own arguments, so that files that the lines source do not see this script's.
# `module` and the like belong to the login shell.
command -v module >/dev/null 2>&1 || [ ! -r /etc/profile ] || . /etc/profile
nsfarm_setup() {
module load gcc
}
nsfarm_setup
set +eu
if [ ! -x "$nsfarm" ]; then
  echo "nsfarm-deno: cannot run $nsfarm on $(uname -n): it must be on a disk that this node sees" >&2
  exit 127
fi
# Only the node shows whether nsfarm-deno starts there: it needs glibc 2.27, and reserves addresses without limit.
if ! said=$(ulimit -c 0; "$nsfarm" --version 2>&1); then
  libc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || libc=$(ldd --version 2>&1 | head -n 1)
  limit=$(ulimit -v 2>/dev/null)
  case $limit in *[0-9]*) limit="; ulimit -v is $limit KiB, it needs unlimited" ;; *) limit= ;; esac
  echo "nsfarm-deno does not start on $(uname -n) (${libc:-no glibc}; it needs 2.27$limit): the sh wrapper runs its shards" >&2
  printf '%s\n' "$said" | grep '[[:alnum:]]' | head -n 2 >&2
  exec "$run_dir/job_wrapper.sh" shared "$1" "${JOB_ID:-}" "${SGE_TASK_ID:-}" "${NSFARM_TOKEN-}"
fi
IFS=+
set -- $1
unset IFS
exec "$nsfarm" job "$run_dir" "$@"
) &
job=$!
trap 'kill -s TERM "$job" 2>/dev/null' USR2 TERM
trap '' USR1
wait "$job"
code=$?
while kill -0 "$job" 2>/dev/null; do wait "$job"; code=$?; done
exit "$code"
