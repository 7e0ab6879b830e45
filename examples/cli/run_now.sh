#!/usr/bin/env bash
# Start a job with the Databricks CLI, wait for the end of its run, and tell it by exit code.
#
#   databricks auth login --host https://…
#   run_now.sh 123 nightly-2026-11-24 run_type=incremental target_schema=finance
#
# First the job's id; then a token of at most 64 characters that names what is wanted once: the same
# call with the same token, from anywhere, finds the same run. Then the job's parameters. Needs jq.
#
# `databricks jobs run-now` can wait by itself, but then a run that failed is a success to it.
#
# Exit codes: 0 success, 1 failed, 2 wrong usage, 5 internal error, 7 the CLI gave up (its message says
# whether it was refused; else the run may be going), 8 not run (skipped, excluded, disabled, too many
# at once), 124 timed out, 130 cancelled.
set -euo pipefail

if [[ $# -lt 2 || ! $1 =~ ^[0-9]+$ ]]; then
  echo "usage: run_now.sh JOB_ID TOKEN [name=value…]" >&2
  exit 2
fi
for parameter in "${@:3}"; do
  [[ $parameter == ?*=* ]] || { echo "$parameter: must be name=value" >&2; exit 2; }
done

# ask COMMAND…: the answer as JSON. The CLI repeats what is safe in general; because of the token
# everything is here, and the CLI does not say why it gave up.
ask() {
  local pause
  for pause in 2 5 10 0; do
    databricks jobs "$@" --output json && return
    sleep "$pause"
  done
  return 7
}

parameters=$(jq --null-input --compact-output \
  '$ARGS.positional | map(index("=") as $at | {key: .[:$at], value: .[$at + 1:]}) | from_entries' \
  --args "${@:3}")
# Ids stay out of jq, and are text to the CLI: both round numbers of more than 15 digits.
request=$(printf '{"job_id": "%s", "idempotency_token": %s, "job_parameters": %s}' \
  "$1" "$(jq --null-input --arg token "$2" '$token')" "$parameters")
started=$(ask run-now --no-wait --json "$request")
[[ $started =~ \"run_id\":\ *([0-9]+) ]]
run=${BASH_REMATCH[1]}
echo "job run $run" >&2

while
  found=$(ask get-run "$run")
  state=$(jq --raw-output .state.life_cycle_state <<<"$found")
  [[ $state != TERMINATED && $state != SKIPPED && $state != INTERNAL_ERROR ]]
do
  sleep 5
done
result=$(jq --raw-output '.state.result_state // .state.life_cycle_state' <<<"$found")
jq --raw-output --arg result "$result" '"\($result) \(.state.state_message)\n\(.run_page_url)"' <<<"$found" >&2

case $result in
  SUCCESS) exit 0 ;;
  TIMEDOUT) exit 124 ;;
  CANCELED | UPSTREAM_CANCELED) exit 130 ;;
  INTERNAL_ERROR) exit 5 ;;
  SKIPPED | MAXIMUM_CONCURRENT_RUNS_REACHED | EXCLUDED | DISABLED) exit 8 ;;
  *) exit 1 ;; # FAILED, SUCCESS_WITH_FAILURES, UPSTREAM_FAILED, and whatever is new
esac
