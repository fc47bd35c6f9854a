#!/bin/sh
#SBATCH --job-name=demo-nsfarm-00000000000000aa
#SBATCH --comment=nsfarm:00000000000000aa
#SBATCH --array=0-1
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --output=/shared/runs/demo/logs/slurm_%A_%a.log
#SBATCH --export=HOME,USER,LOGNAME,PATH,LANG,LC_ALL,TZ,NSFARM_TOKEN=00000000000000aa
#SBATCH --no-requeue
#
# Array 2 of 2 of the run demo: 4 shards.
# Submit it with nsfarm-deno submit, or by hand: sbatch /shared/runs/demo/slurm_array_job.2.sh
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
# Task T runs group T of shards, counted from 0.
[ $# -gt 0 ] || set -- \
  8+9 \
  10+11
shift "$SLURM_ARRAY_TASK_ID"
set -- "$1"

exec "$run_dir/job_wrapper.sh" shared "$1" "$SLURM_ARRAY_JOB_ID" "$SLURM_ARRAY_TASK_ID" "${NSFARM_TOKEN-}"
