"""A run as a person sees it."""

from __future__ import annotations

import io
import shlex
from pathlib import Path
from typing import Any

import pytest

from dbt_runner import argv, cli, settings
from dbt_runner.engine.events import NodeFinished, Status
from dbt_runner.engine.plan import Node
from dbt_runner.execution.results import Results
from dbt_runner.execution.summary import Summary
from dbt_runner.policy import Policy
from dbt_runner.report.console import ConsoleReport
from dbt_runner.report.next_command import next_command
from dbt_runner.report.sink import Sink


def summary(**values: Any) -> Summary:
    """A summary of a run of `full` on the target `local`."""
    given = {"attempt": "a1", "run_type": "full", "target": "local", "target_schema": "mine"}
    return Summary(**{**given, **values})


def bad(unique_id: str, status: str = "error") -> dict[str, Any]:
    """A node that is not green."""
    return {"unique_id": unique_id, "status": status, "message": "no such\n  column"}


BASE = "dbt-runner --target local --target-schema mine"


@pytest.mark.parametrize(
    ("values", "command"),
    [
        pytest.param({}, f"{BASE} --run-type incremental", id="full-leads-to-incremental"),
        pytest.param({"run_type": "incremental"}, None, id="nothing-to-do"),
        pytest.param(
            {"status": "failed", "failed": [bad("model.p.a"), bad("test.p.t.1", "fail")]},
            f"{BASE} --run-type incremental --select a+",
            id="a-model-that-failed",
        ),
        pytest.param(
            {"status": "failed", "failed": [bad(f"model.p.m{n}") for n in range(7)]},
            f"{BASE} --run-type incremental --select 'm0+ m1+ m2+ m3+ m4+'",
            id="five-at-most",
        ),
        pytest.param(
            {"run_type": "ci", "status": "failed", "failed": [bad("model.p.a")]},
            f"{BASE} --run-type ci",
            id="a-model-that-failed-apart-from-production",
        ),
        pytest.param(
            {"status": "failed", "failed": [bad("model.p.a"), bad("model.p.b", "skipped")]},
            f"{BASE} --run-type incremental --select a+",
            id="causes-only",
        ),
        pytest.param(
            {"status": "failed", "failed": [bad("test.p.t.1", "fail")]}, None, id="only-a-test"
        ),
        pytest.param(
            {"status": "cancelled", "nodes": {"total": 1}}, "dbt-runner resume a1", id="cancelled"
        ),
        pytest.param(
            {"status": "timeout", "nodes": {"total": 1}}, "dbt-runner resume a1", id="timeout"
        ),
        pytest.param({"status": "cancelled"}, None, id="cancelled-before-a-plan"),
        pytest.param(
            {"target_schema": None},
            "dbt-runner --target local --run-type incremental",
            id="schema-unknown",
        ),
    ],
)
def test_next_command(values: dict[str, Any], command: str | None) -> None:
    """The command that comes next is one that the command line accepts."""
    found = next_command(summary(**values), {})
    assert (found and shlex.split(found)) == (command and shlex.split(command))
    if found:
        words = shlex.split(found)[1:]
        given = argv.read(
            words,
            booleans=settings.BOOLEANS,
            commands={"run", *cli.WITH_ATTEMPT},
            with_subject=cli.WITH_ATTEMPT,
        ).values
        settings.load(given, {}, Policy(), in_job=False, warn=pytest.fail)


def test_next_command_is_for_the_same_place() -> None:
    """What decides where a run works is part of the command, as far as it is no default."""
    chosen = {
        "project_dir": "/my projects/shop",
        "artifacts": str(Path.cwd() / ".dbt-runner"),
        "sample_scale": 0.01,
        "vars": {"days": 3},
        "threads": 2,
    }
    found = next_command(summary(), chosen)
    assert found is not None
    there = ["--project-dir", "/my projects/shop", "--vars", '{"days": 3}']
    assert shlex.split(found) == [*shlex.split(BASE), *there, "--run-type", "incremental"]


class Output:
    """What a report wrote."""

    def __init__(self, level: str = "info") -> None:
        self.stream = io.StringIO()
        sink = Sink(self.stream)
        self.report = ConsoleReport(level, out=sink, err=sink)

    def lines(self) -> list[str]:
        """The lines so far, without trailing blanks."""
        return [line.rstrip() for line in self.stream.getvalue().splitlines()]


def ended(status: Status) -> tuple[Results, Any]:
    """Results with one node that ended."""
    results = Results()
    results.plan(0, [Node("model.p.a", "model", "a", "models/a.sql")])
    results.begin(0)
    results.start("model.p.a")
    return results, results.finish(NodeFinished("model.p.a", status, 1.25, "no such column"))


FACTS = {
    "settings": {"run_type": "full"},
    "project": "tpch",
    "place": "local.mine",
    "versions": {"dbt_runner": "1.0"},
}


def test_run_is_told_in_lines() -> None:
    """Off a terminal a run is plain lines: its start, each node, its end and what comes next."""
    output = Output()
    results, record = ended(Status.SUCCESS)
    output.report.started(FACTS)
    output.report.planned(results)
    output.report.node_finished(record, results)
    counts = results.counts()
    end = summary(nodes=counts, elapsed_s=2.0, artifacts="/a/b")
    output.report.finished(end, results)
    lines = output.lines()
    assert lines[0] == "full of tpch in local.mine, version 1.0"
    assert lines[1] == "   1/1 success      1.25 s  model.p.a"
    assert "SUCCESS after 2.0 s" in lines
    assert "artifacts: /a/b" in lines
    assert lines[-1] == f"next:      {BASE} --run-type incremental"
    assert "\x1b" not in output.stream.getvalue()


def test_failure_is_told_with_its_places() -> None:
    """A node that failed is told with dbt's message, its file and its compiled SQL."""
    output = Output()
    results, _ = ended(Status.ERROR)
    item = {**bad("model.p.a"), "path": "models/a.sql", "compiled": "commands/01-build/a.sql"}
    end = summary(status="failed", exit_code=1, failed=[item], artifacts="/a/b", error="[why]")
    output.report.finished(end, results)
    text = "\n".join(output.lines())
    assert "FAILED after 0.0 s, exit code 1" in text
    assert "[why]" in text
    assert "error  model.p.a\n    no such\n    column\n    file: models/a.sql" in text
    assert "    SQL:  /a/b/commands/01-build/a.sql" in text


@pytest.mark.parametrize(
    ("level", "status", "told"),
    [
        pytest.param("info", Status.SUCCESS, True, id="green"),
        pytest.param("warning", Status.SUCCESS, False, id="green-when-quiet"),
        pytest.param("error", Status.ERROR, True, id="failed-when-quiet"),
    ],
)
def test_quiet_report_tells_failures_only(level: str, status: Status, told: bool) -> None:
    """With a higher log level, nodes that are green make no lines."""
    output = Output(level)
    results, record = ended(status)
    output.report.node_finished(record, results)
    assert bool(output.lines()) is told


@pytest.mark.parametrize(
    ("event", "level", "told"),
    [
        pytest.param("run.cancelling", "info", True, id="cancelling"),
        pytest.param("run.parsing", "info", False, id="parsing"),
        pytest.param("setting.ignored", "warning", True, id="warning"),
        pytest.param("artifacts.lost", "error", True, id="error"),
    ],
)
def test_notice_is_told_if_a_person_can_do_something(event: str, level: str, told: bool) -> None:
    """Warnings and errors make a line, markup in them is text, and most facts stay in the log."""
    output = Output()
    output.report.notice(event, level=level, reason="[red]x")
    assert output.lines() == ([f"{event.replace('.', ' ')} - reason: [red]x"] if told else [])


def test_nothing_is_told_after_the_end() -> None:
    """What dbt's threads tell later than the end makes no lines."""
    output = Output("debug")
    results, record = ended(Status.ERROR)
    output.report.started(FACTS)
    output.report.finished(summary(status="cancelled", exit_code=143), results)
    before = output.lines()
    assert before
    output.report.planned(results)
    output.report.node_started(record, results)
    output.report.node_finished(record, results)
    output.report.notice("artifacts.lost", level="error", reason="x")
    assert output.lines() == before
