"""The help texts of the client's commands."""

from __future__ import annotations

from textwrap import dedent

_TRIGGER = """\
    dbt-runner trigger: start a Databricks job and wait for the end of its run.

    usage: dbt-runner trigger JOB [--run-type full] [--target-schema finance] [--option=value …]

    JOB is a job's id or its exact name. It stands first; in its place there may be:
      --job-id=ID, --job-name=NAME
      --bundle-key=KEY          the job of a bundle, as `databricks bundle summary` tells it
        --bundle-target=NAME    default: the bundle's
        --bundle-dir=FOLDER     default: the working folder
      --json=JSON|@FILE         a whole run-now request; parameters are in it

    What the job is told:
      --name=value              any run parameter (dbt-runner --help), such as --run-type
      --param name=value        any parameter of the job; may be repeated
      --arg WORD                a word, for a task that reads a list; may be repeated; --arg=--word
      --send=OBJECT             job_parameters, python_named_params, notebook_params, python_params,
                                jar_params or spark_submit_params, where the tasks read several

    One run for one intent:
      --once-per=KEY            no second run for the same job, parameters and KEY, such as a date
      --idempotency-token=TEXT  or a token of your own, 1 to 64 characters
      --resume                  without them: go on with what an equal command left that died
      --another                 or start one more run in spite of it

    Waiting:
      --no-wait                 end as soon as the run has begun
      --timeout=SECONDS         wait no longer, from the login on; the run goes on (exit code 7)
      --cancel-on-interrupt     Ctrl-C, TERM or HUP cancel the run too
"""
_OTHERS = """\
    --dry-run                 show the request as JSON, for curl and for the Databricks CLI
    --host=HOST               default: as the Databricks SDK finds it, like the login
    --log-format=console|json default: console on a terminal, else JSON lines
"""
_CODES = """\
    Exit codes: 0 SUCCESS; 1 FAILED, SUCCESS_WITH_FAILURES, UPSTREAM_FAILED; 2 refused, nothing was
    started; 5 INTERNAL_ERROR, or no way to the workspace; 7 the run may still be going; 8 SKIPPED,
    EXCLUDED, DISABLED, MAXIMUM_CONCURRENT_RUNS_REACHED; 124 TIMEDOUT; 130 CANCELED,
    UPSTREAM_CANCELED; 130, 129, 143 interrupted by INT, HUP, TERM.
"""
_ATTACH = """\
    dbt-runner attach: wait for the end of a job run that goes on already.

    usage: dbt-runner attach JOB_RUN_ID [--timeout=SECONDS] [--cancel-on-interrupt]
"""
_CANCEL = """\
    dbt-runner cancel: cancel a job run, and wait until it has ended.

    usage: dbt-runner cancel JOB_RUN_ID [--timeout=SECONDS]

    Exit code 0 as soon as it has ended, however it did; 7 if it may still be going.
"""
_REPAIR = """\
    dbt-runner repair: run the failed tasks of a job run again, and those that depend on them.

    usage: dbt-runner repair JOB_RUN_ID [--no-wait] [--timeout=SECONDS] [--cancel-on-interrupt]

    Tasks that succeeded are not run again. One that is run again is started anew, with the job as
    it is defined now and the parameters that the run was started with; dbt-runner in it then does
    what is planned and not done yet, or all where its parameter resume is never, or the project has
    changed.
"""
_TEXTS = {"trigger": _TRIGGER, "attach": _ATTACH, "cancel": _CANCEL, "repair": _REPAIR}


def text(command: str) -> str:
    """The help of one command, 100 columns wide."""
    others = dedent(_OTHERS)
    if command != "trigger":
        others = others.partition("\n")[2]
    parts = [dedent(_TEXTS[command]), "\n".join(f"  {line}" for line in others.splitlines())]
    if command != "cancel":
        parts.append(dedent(_CODES))
    return "\n\n".join(part.strip("\n") for part in parts)
