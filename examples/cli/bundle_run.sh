#!/usr/bin/env bash
# Start a job of a bundle, by its key, from the bundle's folder; the CLI waits and shows progress.
#
#   databricks auth login --host https://…
#   bundle_run.sh prod dbt_build_job run_type=incremental,target_schema=finance
#
# Exit code 0 is success, 1 everything else, with two gaps: SUCCESS_WITH_FAILURES is a 0 (a job of one
# task cannot end so), and no idempotency token is sent, so an answer that is lost may leave two runs.
# run_now.sh has neither.
set -euo pipefail

target=${1:?the bundle target} key=${2:?the key of the job} parameters=${3-}

exec databricks bundle run --target "$target" "$key" ${parameters:+--params "$parameters"}
