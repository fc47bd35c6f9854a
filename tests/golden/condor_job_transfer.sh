#!/bin/sh
# Runs shards of the run demo in an HTCondor job.
# usage: condor_job_transfer.sh SHARD[+SHARD...] [CLUSTER PROC TOKEN]
# Made by nsfarm-deno VERSION: change the options and render again instead of editing.

run_dir=.
nsfarm=./nsfarm-deno
shards=${1:?usage: condor_job_transfer.sh SHARD[+SHARD...] [CLUSTER PROC TOKEN]}
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
mkdir -p incoming
chmod +x "$nsfarm" ./nextstat

if [ ! -x "$nsfarm" ]; then
  echo "nsfarm-deno: cannot run $nsfarm on $(uname -n): it must be on a disk that this node sees" >&2
  exit 127
fi
IFS=+
set -- $shards
unset IFS
exec "$nsfarm" job --sandbox . "$@"
