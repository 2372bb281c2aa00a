#!/bin/bash
# A cluster that misbehaves by seed: one call in five fails before it acts, after it has acted, or without an id; some
# answer late; all print the site's banner. The folder FAKE holds the queue; the name of this file is the command.
command=${0##*/}
cd "$FAKE" || exit 1
locked() { until mkdir lock 2> /dev/null; do sleep 0.002; done; }
free() { rmdir lock; }

locked
call=$(($(cat calls 2> /dev/null || echo 0) + 1)); echo $call > calls
draw=$(($(printf '%s' "$SEED $call $command" | cksum | cut -d' ' -f1) % 100))
# One whose queue nobody is told of behaves otherwise.
[ -n "$DEAF" ] && draw=50
echo "$call $command $draw $*" >> log
free
away() { echo "$command: error: Socket timed out on send/recv operation" >&2; exit 1; }
[ $draw -lt 7 ] && away
[ $draw -gt 94 ] && sleep 0.1
echo "*** Welcome to cluster 2042: 17 nodes are down ***"

case $command in
sbatch)
  script=${@: -1}; asked=$(echo "$@"; grep '^#SBATCH' "$script")
  last=$(sed -nE 's/.*--array=0-([0-9]+).*/\1/p' <<< "$asked"); name=$(sed -nE 's/.*--job-name=([^ ]+).*/\1/p' <<< "$asked")
  after=$(sed -nE 's/.*--dependency=afterany:([0-9:]+).*/\1/p' <<< "$asked" | tr : ' ')
  [ -z "$SBATCH_WAIT" ] && [ "$SBATCH_QOS" = night ] || { echo "sbatch: error: Batch job submission failed: Invalid qos" >&2; exit 1; }
  [ "${last:-0}" -lt "$MAX_ARRAY" ] || { echo "sbatch: error: Batch job submission failed: Invalid job array specification" >&2; exit 1; }
  locked
  id=$(($(cat id 2> /dev/null || echo 100) + 1)); echo $id > id
  echo "$name" > queue/$id; echo "$id $name" >> submitted
  free
  [ -n "$DEAF" ] && { echo "$id"; exit 0; }
  (
    for other in $after; do while [ -e queue/$other ]; do sleep 0.02; done; done
    for ((task = 0; task <= ${last:-0}; task++)); do
      [ -e queue/$id ] || exit
      SLURM_JOB_ID=$id SLURM_ARRAY_JOB_ID=$id SLURM_ARRAY_TASK_ID=$task SLURM_CPUS_PER_TASK=1 bash "$script"
    done
    mv queue/$id over/ 2> /dev/null
  ) > /dev/null 2>> tasks &
  [ $draw -lt 14 ] && away
  [ $draw -lt 20 ] || echo "$id"
  echo "Your quota: 80 % used" ;;
squeue)
  [ $draw -lt 20 ] && away
  # An older Slurm does not know it.
  [[ $* != *--me* ]] && [ -z "$DEAF" ] || { echo "squeue: unrecognized option" >&2; exit 1; }
  # A list of states in the environment hides the others.
  [ -z "$SQUEUE_STATES" ] || exit 0
  for id in $(ls queue); do echo "$id|${id}_0|RUNNING|None|$(cat queue/$id)"; done
  [[ $* == *--states=all* ]] && for id in $(ls over); do echo "$id|${id}_0|COMPLETED|None|$(cat over/$id)"; done
  exit 0 ;;
scancel)
  mv "queue/${@: -1}" over/ 2> /dev/null
  echo "${@: -1}" >> cancelled
  [ $draw -lt 20 ] && away ;;
scontrol)
  [ $draw -lt 20 ] && away
  echo "MaxArraySize            = $MAX_ARRAY"; echo "MaxJobCount             = 10000" ;;
esac
exit 0
