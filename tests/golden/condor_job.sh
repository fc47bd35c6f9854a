#!/bin/sh
# Runs shards of the run demo in an HTCondor job.
# usage: condor_job.sh SHARD[+SHARD...] [CLUSTER PROC TOKEN]
# Made by nsfarm-deno VERSION: change the options and render again instead of editing.

run_dir=/shared/runs/demo
nsfarm=/shared/bin/nsfarm-deno
shards=${1:?usage: condor_job.sh SHARD[+SHARD...] [CLUSTER PROC TOKEN]}
NSFARM_CONDOR_CLUSTER=${2:-} NSFARM_CONDOR_PROC=${3:-} NSFARM_TOKEN=${4:-}
NSFARM_TOKEN=${NSFARM_TOKEN#nsfarm-}
export NSFARM_CONDOR_CLUSTER NSFARM_CONDOR_PROC NSFARM_TOKEN
# HTCondor gives a job neither PATH nor HOME.
: "${PATH:=/usr/local/bin:/usr/bin:/bin}"
export PATH
if ! cd "$run_dir"; then
  echo "nsfarm-deno: cannot enter $run_dir on $(uname -n): it must be on a disk that this node sees" >&2
  exit 71
fi

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
  exec "$run_dir/job_wrapper.sh" shared "$shards" "$NSFARM_CONDOR_CLUSTER" "$NSFARM_CONDOR_PROC" "$NSFARM_TOKEN"
fi
IFS=+
set -- $shards
unset IFS
exec "$nsfarm" job "$run_dir" "$@"
