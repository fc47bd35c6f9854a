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
module load gcc
# SIGUSR2 comes before SIGKILL (qsub(1), -notify), to all processes of the job: time to write down how it ended.
(trap '' USR1 USR2 && exec "$nsfarm" job "$run_dir" "$shard") &
job=$!
trap 'kill -s TERM "$job" 2>/dev/null' USR2 TERM
trap '' USR1
wait "$job"
code=$?
while kill -0 "$job" 2>/dev/null; do wait "$job"; code=$?; done
exit "$code"
