"""The command line, and the entry points of a Databricks wheel task."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from dbt_runner import argv as command_line
from dbt_runner.errors import (
    BusyError,
    Cancelled,
    DbtError,
    NodesFailed,
    NothingSelected,
    NotPublished,
    RunnerError,
    TimedOut,
    TransientError,
)
from dbt_runner.leaving import leave

if TYPE_CHECKING:
    # imported where they are used, so that help and bad input wait for nothing
    from dbt_runner.execution.summary import Summary
    from dbt_runner.policy import Policy
    from dbt_runner.project import Project
    from dbt_runner.report.reporter import Reporter
    from dbt_runner.settings import Settings

COMMANDS = frozenset({"run"})
WITH_ATTEMPT = {"resume": "ATTEMPT, the id that a run told"}
CLIENT_COMMANDS = frozenset({"trigger", "attach", "cancel", "repair"})
"""What looks at jobs from outside; the console script's own."""

_STARTED = time.time()
_PLATFORM_VARIABLES = ("DATABRICKS_RUNTIME_VERSION", "IS_SERVERLESS", "DB_IS_DRIVER")
_BY_EXIT_CODE = {
    error.exit_code: error
    for error in (
        NodesFailed,
        DbtError,
        NothingSelected,
        NotPublished,
        TransientError,
        BusyError,
        TimedOut,
    )
}


def script() -> NoReturn:
    """The console script `dbt-runner`: prints, and ends the process."""
    leave(main())


def main() -> int:
    """What `dbt-runner` does: prints, and returns the exit code."""
    if sys.argv[1:2] == ["jobs"]:
        return _exit_code(_jobs)
    if sys.argv[1:2] == ["runs"]:
        return _exit_code(_runs)
    if sys.argv[1:2] == ["bake"]:
        return _exit_code(_bake)
    if sys.argv[1:2] and sys.argv[1] in CLIENT_COMMANDS:
        return _exit_code(_client)
    return _exit_code(partial(_whole_process, in_job=on_databricks(os.environ)))


def module_main() -> int:
    """`python -m dbt_runner`: what the entry point `run` does, with an exit code as its end.

    It also bakes, for a build that has no console script.
    """
    if sys.argv[1:2] == ["bake"]:
        return _exit_code(_bake)
    return _exit_code(partial(_whole_process, in_job=True))


def run() -> None:
    """The entry point of a Databricks wheel task: returns on success, else raises.

    The driver takes `SystemExit`, even 0, for a failure, and shows the last line of the exception
    on the run's page, so that line names the nodes that failed.

    Raises:
        RunnerError: the run was refused, or did not succeed.
    """
    _run(sys.argv[1:], os.environ, in_job=True, ends_process=False)


def shell() -> None:
    """The entry point of a wheel task that runs a bash script: returns on success, else raises.

    Raises:
        RunnerError: the script was refused, or did not succeed.
    """
    from dbt_runner.shell.task import run_script

    run_script(sys.argv[1:], os.environ, _reporter)


def on_databricks(environ: Mapping[str, str]) -> bool:
    """Whether this process runs on Databricks compute (docs: init scripts, serverless)."""
    return any(environ.get(name) for name in _PLATFORM_VARIABLES)


def _exit_code(do: Callable[[], None]) -> int:
    try:
        do()
    except RunnerError as error:
        if not error.reported:
            _complain(f"dbt-runner: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - it is shown, only its exit code is ours
        # Python's own end is 1, which says that nodes failed or that a check found something
        traceback.print_exc()
        _complain(f"dbt-runner: a fault of its own, told above: {type(error).__name__}: {error}")
        return RunnerError.exit_code
    return 0


def _whole_process(*, in_job: bool) -> None:
    _run(sys.argv[1:], os.environ, in_job=in_job, ends_process=True)


def _jobs() -> None:
    from dbt_runner.bundle import command

    command.run(sys.argv[2:], _print)


def _runs() -> None:
    from dbt_runner.runs import command

    command.run(sys.argv[2:], os.environ)


def _bake() -> None:
    from dbt_runner.baked import command

    command.run(sys.argv[2:])


def _client() -> None:
    from dbt_runner.jobs.trigger import command

    command.run(sys.argv[1:])


def _run(
    argv: Sequence[str], environ: Mapping[str, str], *, in_job: bool, ends_process: bool
) -> None:
    """Do what a command line asks for.

    Args:
        in_job: only a job's freedom (see `settings.load`).
        ends_process: the process ends with the exit code of this.

    Raises:
        RunnerError: it was refused, or did not succeed.
    """
    from dbt_runner import settings as all_settings

    # those of the console script alone have been gone to by now
    commands = (
        COMMANDS if in_job else COMMANDS | CLIENT_COMMANDS | {"bake", "jobs", "runs", *WITH_ATTEMPT}
    )
    arguments = command_line.read(
        argv, booleans=all_settings.BOOLEANS, commands=commands, with_subject=WITH_ATTEMPT
    )
    if arguments.wants_version:
        from dbt_runner.versions import own_version

        _print(f"dbt-runner {own_version()}")
        return
    if arguments.wants_help:
        from dbt_runner import help as help_text

        _print(help_text.text())
        return
    from dbt_runner.execution.assignment import assign
    from dbt_runner.execution.run import Run

    remarks: list[str] = []
    resumes = None
    chosen, allowed, found = _load(arguments.values, environ, remarks.append, in_job=in_job)
    if arguments.subject is not None:
        from dbt_runner.execution import earlier

        resumes = earlier.stored(chosen.artifacts, arguments.subject)
        values = {**earlier.settings(resumes), **arguments.values}
        chosen, allowed, found = _load(values, environ, remarks.append, in_job=in_job)
    remarks += [f"{name}: given more than once; the last one counts" for name in arguments.repeated]
    began = _STARTED if ends_process else time.time()
    reporter = _reporter(chosen)
    assignment = assign(chosen, allowed, found, resumes=resumes, in_job=in_job)
    run = Run(assignment, reporter, began, remarks, None if ends_process else _publisher(reporter))
    _raise_unless_green(run.execute(ends_process=ends_process))


def _load(
    values: Mapping[str, str],
    environ: Mapping[str, str],
    warn: Callable[[str], None],
    *,
    in_job: bool,
) -> tuple[Settings, Policy, Project]:
    """The settings, and the policy and project that they name."""
    from dbt_runner import policy, project
    from dbt_runner import settings as all_settings

    folder = all_settings.project_dir(values, environ)
    # a project outside the wheel brings a policy only at a terminal
    outside = folder and not in_job
    allowed = policy.load(project.find(folder).folder if outside else project.packaged_folder())
    chosen = all_settings.load(values, environ, allowed, in_job=in_job, warn=warn)
    return chosen, allowed, project.find(folder)


def _raise_unless_green(summary: Summary) -> None:
    if summary.exit_code == 0:
        return
    sentence = summary.sentence()
    if summary.exit_code > 128:
        error: RunnerError = Cancelled(sentence, summary.exit_code)
    else:
        error = _BY_EXIT_CODE.get(summary.exit_code, DbtError)(sentence)
    error.reported = True
    raise error


def _publisher(reporter: Reporter) -> Callable[[dict[str, Any]], None]:
    from dbt_runner.jobs import task_values

    return lambda summary: task_values.publish(summary, reporter.notice)


def _reporter(chosen: Settings) -> Reporter:
    from dbt_runner.report.sink import Sink

    wanted = chosen.log_format or ("console" if Sink(sys.stdout).isatty() else "json")
    if wanted == "console":
        from dbt_runner.report.console import ConsoleReport

        return ConsoleReport(chosen.log_level)
    from dbt_runner.log import JsonLog

    return JsonLog(chosen.log_level)


def _print(text: str) -> None:
    from dbt_runner.report.sink import Sink

    Sink(sys.stdout).write(f"{text}\n")


def _complain(text: str) -> None:
    from dbt_runner.report.sink import Sink

    Sink(sys.stderr).write(f"{' '.join(text.split())}\n")
