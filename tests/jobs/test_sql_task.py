"""SQL tasks with a file, on real Spark SQL, in a session of their own."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from jobs.bench import result, task
from jobs.bundle import ON_DUCKDB, ON_SPARK, Bundle
from jobs.conftest import ROOT
from jobs.server import refused
from jobs.server.sql_file import statements

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from databricks.sdk.service.jobs import Run

    from jobs.bench import Bench, Spark

    Start = Callable[..., Run]


@pytest.fixture
def start(bench: Bench, spark: Spark, tmp_path: Path) -> Start:
    """Runs SQL as a job of one task to its end."""

    def start(text: str, *, parameters: dict[str, str] | None = None, **settings: Any) -> Run:
        file = tmp_path / "it.sql"
        file.write_text(text, encoding="utf-8")
        warehouse_id = settings.pop("warehouse_id", ON_SPARK["warehouse_id"])
        asked = {"warehouse_id": warehouse_id, "file": {"path": str(file)}}
        one = {"task_key": "it", "sql_task": {**asked, "parameters": parameters or {}}, **settings}
        return bench.once(bench.create({"tasks": [one]}))

    return start


def said(bench: Bench, run: Run) -> str:
    """Why it failed."""
    assert result(run) == "FAILED"
    return str(bench.output(task(run, "it"))["error"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select 1; select 2", ["select 1", "select 2"]),
        ('select \';\', "a;\\";", `b;`;\n;', ['select \';\', "a;\\";", `b;`']),
        ("-- one; two\nselect /* ; */ 1 -- 'end", ["select   1"]),
        ("select '--', '/*'; select '*/'", ["select '--', '/*'", "select '*/'"]),
        ("-- nothing;\n", []),
    ],
    ids=["two", "literals", "comments", "no comments", "nothing"],
)
def test_statements(text: str, expected: list[str]) -> None:
    """A file ends a statement at each semicolon that is not in a literal or a comment."""
    assert list(statements(text)) == expected


def test_setup(bench: Bench, spark: Spark, dist: Path) -> None:
    """A name that holds SQL stays a name, and a second run changes nothing."""
    names = {"schema": "finance", "volume": "v", "landing_volume": "l"}
    variables = {**ON_DUCKDB, **names, "readers": "a`b'; drop schema x"}
    settings = Bundle(ROOT, "staging", variables, dist, ON_SPARK).job("schema_setup_job")
    job = bench.create(settings)
    for _ in range(2):
        run = bench.once(job)
        assert result(run) == "SUCCESS", bench.output(task(run, "setup"))
        assert bench.refused(task(run, "setup")) == [
            "CREATE VOLUME IF NOT EXISTS `main`.`finance`.`v`",
            "CREATE VOLUME IF NOT EXISTS `main`.`finance`.`l`",
            "GRANT USE SCHEMA, SELECT ON SCHEMA `main`.`finance` TO `a``b'; drop schema x`",
        ]
    assert spark("show schemas in main like 'finance'") == [{"namespace": "finance"}]


def test_log(bench: Bench, jobs: dict[str, int], spark: Spark) -> None:
    """A refresh is noted once, however often its task is run; a later time replaces the first."""
    spark("create schema if not exists main.logged")
    times = []
    for refresh_run in ("1", "1", "it's; 2"):
        sent = {"target_schema": "logged", "refresh_run": refresh_run}
        run = bench.once(jobs["refresh_log_job"], job_parameters=sent)
        assert result(run) == "SUCCESS", bench.output(task(run, "log"))
        times += spark("select max(refreshed_at) as at from main.logged.refresh_log")
    assert all(first["at"] < second["at"] for first, second in pairwise(times))
    rows = spark("select refresh_run from main.logged.refresh_log order by refresh_run")
    assert [row["refresh_run"] for row in rows] == ["1", "it's; 2"]


def test_no_schema(bench: Bench, jobs: dict[str, int], spark: Spark) -> None:
    """What Spark refuses fails the task, each time that it is tried, with Spark's own words."""
    sent = {"target_schema": "nowhere", "refresh_run": "1"}
    run = bench.once(jobs["refresh_log_job"], job_parameters=sent)
    assert result(run) == "FAILED"
    attempts = run.tasks or []
    assert [each.attempt_number for each in attempts] == [0, 1, 2]
    for each in attempts:
        assert "[SCHEMA_NOT_FOUND]" in bench.output(each)["error"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("select 1; selec 2; create schema main.behind", "[PARSE_SYNTAX_ERROR]"),
        ("select :nobody", "[UNBOUND_SQL_PARAMETER]"),
        ("create volume main.a.b.c", "[PARSE_SYNTAX_ERROR]"),
        ("create volume identifier(nonsense)", "[UNRESOLVED_COLUMN"),
        ("execute immediate 'create share a'", "[PARSE_SYNTAX_ERROR]"),
        ("create schema nowhere.a", "[REQUIRES_SINGLE_PART_NAMESPACE]"),
    ],
    ids=["syntax", "parameter", "volume", "volume's name", "immediate", "catalog"],
)
def test_errors(bench: Bench, start: Start, spark: Spark, text: str, words: str) -> None:
    """The first statement that Spark refuses is the last one, and fails the task."""
    assert words in said(bench, start(text))
    assert {"namespace": "behind"} not in spark("show schemas in main")


def test_parameters_and_session(bench: Bench, start: Start, spark: Spark) -> None:
    """All statements are one session's; a parameter is a text whatever stands in it."""
    text = """
    declare variable kept string default :one || "-";
    create or replace table main.default.told as select kept || :two as a, :one as b;
    """
    run = start(text, parameters={"one": "it's \\ :two;", "two": "2", "unused": "x"})
    assert result(run) == "SUCCESS", bench.output(task(run, "it"))
    told = spark("select * from main.default.told")
    assert told == [{"a": "it's \\ :two;-2", "b": "it's \\ :two;"}]


def test_refused_is_exact(bench: Bench, start: Start) -> None:
    """Spark does refuse each kind of statement that is noted instead, today."""
    made = {
        "CREATE VOLUME": "create volume\n identifier('`v`')",
        "GRANT by EXECUTE IMMEDIATE": "execute immediate 'GRANT ' || 'ALL ON a TO b'",
    }
    assert tuple(made) == refused.NAMES
    run = start(";".join(made.values()))
    assert result(run) == "SUCCESS", bench.output(task(run, "it"))
    assert bench.refused(task(run, "it")) == ["create volume `v`", "GRANT ALL ON a TO b"]


def test_other_warehouse(bench: Bench, start: Start) -> None:
    """A warehouse that is not there fails the task."""
    assert "Warehouse other not found" in said(bench, start("select 1", warehouse_id="other"))


def test_time_limit(start: Start, spark: Spark) -> None:
    """A statement that goes on when its task's time is over is cancelled; nothing follows it."""
    endless = "select count(*) from range(1000000000) a join range(1000000) b on a.id != b.id"
    found = task(start(f"{endless}; create schema main.behind", timeout_seconds=2), "it")
    assert result(found) == "TIMEDOUT"
    assert (found.execution_duration or 0) < 20_000
    assert {"namespace": "behind"} not in spark("show schemas in main")


def test_only_files(bench: Bench, spark: Spark) -> None:
    """A saved query or a dashboard is not run, and so never passes."""
    asked = {"warehouse_id": ON_SPARK["warehouse_id"], "query": {"query_id": "1"}}
    run = bench.once(bench.create({"tasks": [{"task_key": "it", "sql_task": asked}]}))
    state = task(run, "it").state
    assert state is not None
    assert state.state_message == "this bench cannot run sql_task without a file"
