#!/usr/bin/env bash
#
# dbt by a shell script, the task of a Databricks job (docs/patterns.md, P3).
#
# It is started by the wheel's entry point `shell`: `bash -e -u -o pipefail`, standard input empty,
# a signal to the task reaches all that runs here, and what is left in the background is ended.
# Its parent hands it, in the environment:
#
#   DBT_RUNNER_<SETTING>   each setting that the task was given, checked: DBT_RUNNER_RUN_TYPE, …
#                          so `dbt-runner` needs no arguments. What was not given is not set.
#   DBT_PROJECT_DIR        the dbt project of the wheel
#   DBT_PROFILES_DIR       a profiles.yml for DBT_TARGET, which refers to variables for its secrets
#   DBT_TARGET_PATH, DBT_LOG_PATH, TMPDIR    in a private folder, removed at the end
#   DBT_HOST, DBT_ACCESS_TOKEN, DATABRICKS_HOST, DATABRICKS_TOKEN    the job's own login; on a
#                          target on Databricks only, and not renewed: it lives for about an hour
#   PATH                   begins with the wheel's `python`, `dbt` and `dbt-runner`
#   RUNNER_SCRIPT_DIR      the folder of this file; $0 is a copy of it, safe from a redeployment
#
# Exit status 0 is success; another one fails the task, and the task's message tells it.

set -euo pipefail

# The run that the task's parameters ask for: policy, protected targets, artifacts, exit codes.
run() {
  dbt-runner
}

# The same without the runner. dbt reads project, profile and target from the environment.
plain() {
  local words=(build)
  if [[ "${DBT_RUNNER_RUN_TYPE:-incremental}" == full ]]; then words+=(--full-refresh); fi
  if [[ -n "${DBT_RUNNER_SELECT:-}" ]]; then words+=("--select=$DBT_RUNNER_SELECT"); fi
  dbt "${words[@]}"
}

run
