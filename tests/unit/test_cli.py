"""Which rules and which report a start of the program gets."""

from __future__ import annotations

import sys

import pytest

from dbt_runner import cli
from dbt_runner.bundle import command
from dbt_runner.errors import Cancelled, DbtError, NodesFailed, RunnerError, TimedOut
from dbt_runner.execution.summary import Summary


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param({}, False, id="laptop"),
        pytest.param({"DATABRICKS_HOST": "https://x"}, False, id="a-client-of-databricks"),
        pytest.param({"DATABRICKS_RUNTIME_VERSION": "16.4"}, True, id="cluster"),
        pytest.param({"DATABRICKS_RUNTIME_VERSION": ""}, False, id="empty"),
        pytest.param({"IS_SERVERLESS": "TRUE"}, True, id="serverless"),
    ],
)
def test_platform_is_known_by_its_variables(environ: dict[str, str], expected: bool) -> None:
    """On Databricks compute the console script has a job's freedom only."""
    assert cli.on_databricks(environ) is expected


@pytest.mark.parametrize(
    ("exit_code", "error"),
    [
        pytest.param(1, NodesFailed, id="nodes"),
        pytest.param(2, DbtError, id="dbt"),
        pytest.param(124, TimedOut, id="timeout"),
        pytest.param(130, Cancelled, id="interrupt"),
        pytest.param(143, Cancelled, id="terminate"),
        pytest.param(3, RunnerError, id="nothing-selected"),
        pytest.param(4, RunnerError, id="not-published"),
        pytest.param(6, RunnerError, id="busy"),
    ],
)
def test_end_of_a_run_is_raised_with_its_exit_code(
    exit_code: int, error: type[RunnerError]
) -> None:
    """A run that is not green raises what the exit code stands for; its report told it already."""
    end = Summary("a1", "full", "local", status="failed", exit_code=exit_code)
    with pytest.raises(error) as caught:
        cli._raise_unless_green(end)
    assert caught.value.exit_code == exit_code
    assert caught.value.reported
    assert str(caught.value) == end.sentence()


def test_green_run_raises_nothing() -> None:
    """An entry point returns on success: the driver takes even SystemExit(0) for a failure."""
    cli._raise_unless_green(Summary("a1", "full", "local"))


def test_own_fault_is_shown_and_is_no_finding(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """An unexpected exception ends with 2, its traceback and one line; 1 is for what was found."""

    def fail(_words: list[str], _say: object) -> None:
        msg = "broken"
        raise KeyError(msg)

    monkeypatch.setattr(command, "run", fail)
    monkeypatch.setattr(sys, "argv", ["dbt-runner", "jobs", "check"])
    assert cli.main() == 2
    told = capfd.readouterr().err
    assert told.startswith("Traceback (most recent call last):")
    last = told.splitlines()[-1]
    assert last == "dbt-runner: a fault of its own, told above: KeyError: 'broken'"
