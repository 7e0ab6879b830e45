#!/usr/bin/env bash
# Start a Databricks job with curl and wait for the end of its run.
#
#   export DATABRICKS_HOST=https://… DATABRICKS_TOKEN=…
#   run_now.sh 123 nightly-2026-11-24 run_type=incremental target_schema=finance
#
# First the job's id; then a token of at most 64 characters that names what is wanted once: the same
# call with the same token, from anywhere, finds the same run. Then the job's parameters. Needs jq.
#
# Exit codes: 0 success, 1 failed, 2 refused, 5 internal error, 7 the run may still be going,
# 8 not run (skipped, excluded, disabled, too many at once), 124 timed out, 130 cancelled.
set -euo pipefail

if [[ $# -lt 2 || ! $1 =~ ^[0-9]+$ || -z ${DATABRICKS_HOST-} || -z ${DATABRICKS_TOKEN-} ]]; then
  echo "usage: DATABRICKS_HOST=… DATABRICKS_TOKEN=… run_now.sh JOB_ID TOKEN [name=value…]" >&2
  exit 2
fi
for parameter in "${@:3}"; do
  [[ $parameter == ?*=* ]] || { echo "$parameter: must be name=value" >&2; exit 2; }
done
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

# ask PATH [OPTION…]: what is answered comes into $answer. What may pass is tried again for a minute;
# that is safe because of the token. The login stands on no command line, where `ps` would show it.
ask() {
  local path=$1 status pause refused=2
  shift
  for pause in 1 2 4 8 16 32 0; do
    status=$(curl --silent --show-error --max-time 60 --output "$answer" --write-out '%{http_code}' \
      --header @<(printf 'Authorization: Bearer %s\n' "$DATABRICKS_TOKEN") \
      "${DATABRICKS_HOST%/}/api/2.2/jobs/$path" "$@") || status=000
    case $status in
      200) jq --exit-status .run_id "$answer" >/dev/null && return ;;
      408 | 429) ;;
      4??) break ;;
    esac
    # a refusal of the next request says nothing of this one
    refused=7
    sleep "$pause"
  done
  echo "$path: HTTP status $status: $(head -c 500 "$answer")" >&2
  case $status in
    408 | 429) return 7 ;;
    4??) return "$refused" ;;
    *) return 7 ;;
  esac
}

parameters=$(jq --null-input --compact-output \
  '$ARGS.positional | map(index("=") as $at | {key: .[:$at], value: .[$at + 1:]}) | from_entries' \
  --args "${@:3}")
# Ids stay out of jq, which may round numbers of more than 15 digits.
request=$(printf '{"job_id": %s, "idempotency_token": %s, "job_parameters": %s}' \
  "$1" "$(jq --null-input --arg token "$2" '$token')" "$parameters")
ask run-now --header 'Content-Type: application/json' --data "$request"
[[ $(<"$answer") =~ \"run_id\":\ *([0-9]+) ]]
run=${BASH_REMATCH[1]}
echo "job run $run" >&2

while
  ask "runs/get?run_id=$run" || exit 7
  state=$(jq --raw-output .state.life_cycle_state "$answer")
  [[ $state != TERMINATED && $state != SKIPPED && $state != INTERNAL_ERROR ]]
do
  sleep 5
done
result=$(jq --raw-output '.state.result_state // .state.life_cycle_state' "$answer")
jq --raw-output --arg result "$result" '"\($result) \(.state.state_message)\n\(.run_page_url)"' "$answer" >&2

case $result in
  SUCCESS) exit 0 ;;
  TIMEDOUT) exit 124 ;;
  CANCELED | UPSTREAM_CANCELED) exit 130 ;;
  INTERNAL_ERROR) exit 5 ;;
  SKIPPED | MAXIMUM_CONCURRENT_RUNS_REACHED | EXCLUDED | DISABLED) exit 8 ;;
  *) exit 1 ;; # FAILED, SUCCESS_WITH_FAILURES, UPSTREAM_FAILED, and whatever is new
esac
