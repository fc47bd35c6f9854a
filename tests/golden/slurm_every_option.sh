#!/bin/sh
#SBATCH --job-name=demo-nsfarm-00000000000000aa
#SBATCH --comment=nsfarm:00000000000000aa
#SBATCH --array=0-3%3
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=2
#SBATCH --time=1-02:00:00
#SBATCH --partition=main,long
#SBATCH --account=atlas
#SBATCH --qos=normal
#SBATCH --mem=2G
#SBATCH --constraint="avx2&ib"
#SBATCH --exclude=n[3-5]
#SBATCH --reservation=res1
#SBATCH --gres=gpu:1
#SBATCH --mail-user=me@example.org
#SBATCH --mail-type=END,FAIL
#SBATCH --output="/shared/it's 100%% {{mine}} $HOME/logs/slurm_%A_%a.log"
#SBATCH --export=HOME,USER,LOGNAME,PATH,LANG,LC_ALL,TZ,NEXTSTAT_HOME,NSFARM_TOKEN=00000000000000aa
#SBATCH --no-requeue
#SBATCH --nice=100
#SBATCH --wckey="a b"
#
# Array 1 of 1 of the run demo: 4 shards.
# Submit it with nsfarm-deno submit, or by hand: sbatch '/shared/it'\''s 100% {{mine}} $HOME/slurm_array_job.sh'
# Slurm writes each job's log into /shared/it's 100% {{mine}} $HOME/logs, which must exist.
# Made by nsfarm-deno VERSION: change the options and render again instead of editing.

run_dir='/shared/it'\''s 100% {{mine}} $HOME'
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

# The lines of --setup. A function has its own arguments, so that files that the lines source do not see this script's.
# `module` and the like belong to the login shell.
command -v module >/dev/null 2>&1 || [ ! -r /etc/profile ] || . /etc/profile
nsfarm_setup() {
module load gcc
export A="b c"
}
nsfarm_setup
set +eu
if [ ! -x "$nsfarm" ]; then
  echo "nsfarm-deno: cannot run $nsfarm on $(uname -n): it must be on a disk that this node sees" >&2
  exit 127
fi
container=apptainer
command -v apptainer >/dev/null 2>&1 || container=singularity
inside() { exec "$container" exec --bind /shared/bin --bind '/shared/it'\''s 100% {{mine}} $HOME' --bind /shared/specs '/cvmfs/images/fit image.sif' "$@"; }
# Only the node shows whether nsfarm-deno starts there: it needs glibc 2.27, and reserves addresses without limit.
if ! said=$(ulimit -c 0; inside "$nsfarm" --version 2>&1); then
  libc=$(inside getconf GNU_LIBC_VERSION 2>/dev/null) || libc=$(inside ldd --version 2>&1 | head -n 1)
  limit=$(ulimit -v 2>/dev/null)
  case $limit in *[0-9]*) limit="; ulimit -v is $limit KiB, it needs unlimited" ;; *) limit= ;; esac
  echo "nsfarm-deno does not start on $(uname -n) (${libc:-no glibc}; it needs 2.27$limit): the sh wrapper runs its shards" >&2
  printf '%s\n' "$said" | grep '[[:alnum:]]' | head -n 2 >&2
  exec "$run_dir/job_wrapper.sh" shared "$1" "$SLURM_ARRAY_JOB_ID" "$SLURM_ARRAY_TASK_ID" "${NSFARM_TOKEN-}"
fi
inside "$nsfarm" job "$run_dir" "$@"
