#!/bin/sh
#SBATCH --job-name=demo-nsfarm-00000000000000aa
#SBATCH --comment=nsfarm:00000000000000aa
#SBATCH --array=0-3
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --output=/shared/runs/demo/logs/slurm_%A_%a.log
#SBATCH --export=HOME,USER,LOGNAME,PATH,LANG,LC_ALL,TZ,NSFARM_TOKEN=00000000000000aa
#SBATCH --no-requeue
#
# Array 1 of 1 of the run demo: 4 shards.
# Submit it with nsfarm-deno submit, or by hand: sbatch /shared/runs/demo/slurm_array_job.sh
# Slurm writes each job's log into /shared/runs/demo/logs, which must exist.
# Made by nsfarm-deno VERSION: change the options and render again instead of editing.

run_dir=/shared/runs/demo
nsfarm=/shared/bin/nsfarm-deno
: "${SLURM_ARRAY_TASK_ID:?submit this file with sbatch}"
: "${PATH:=/usr/local/bin:/usr/bin:/bin}"
export PATH
if ! cd "$run_dir"; then
  echo "nsfarm-deno: cannot enter $run_dir on $(uname -n): it must be on a disk that this node sees" >&2
  exit 71
fi
# Task T runs shard T; an argument of the script replaces 0.
set -- "$((SLURM_ARRAY_TASK_ID + ${1:-0}))"

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
  exec "$run_dir/job_wrapper.sh" shared "$1" "$SLURM_ARRAY_JOB_ID" "$SLURM_ARRAY_TASK_ID" "${NSFARM_TOKEN-}"
fi
exec "$nsfarm" job "$run_dir" "$@"
