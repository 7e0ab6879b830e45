"""Every run type does what its name says."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb
import pytest

if TYPE_CHECKING:
    from runs import Project

# What dbt does with a command does not hang on the version of Python.
pytestmark = pytest.mark.slow

RUN_TYPES = """
run_types:
  nightly:
    commands:
      - seed
      - "run-operation note --args '{\\"text\\": \\"seeded\\"}'"
      - run --select tag:nightly
      - test
  tidy: {commands: [run-operation note]}
"""
NOTE = """
{% macro note(text='tidied') %}
  {% do run_query("create table if not exists analytics.notes as select 'x' as note limit 0") %}
  {% do run_query("insert into analytics.notes values ('" ~ text ~ "')") %}
{% endmacro %}
"""
SOURCES = """
sources:
  - name: raw
    schema: raw
    tables:
      - name: orders
        config:
          loaded_at_field: loaded_at
          freshness: {error_after: {count: 1, period: day}}
"""


def load_source(project: Project, age: str, name: str = "local") -> None:
    """Put one order into the source, loaded some time ago."""
    project.artifacts.mkdir(exist_ok=True)
    with duckdb.connect(str(project.artifacts / f"{name}.duckdb")) as database:
        database.execute("create schema if not exists raw")
        database.execute(
            "create or replace table raw.orders as "
            f"select 1 as id, now()::timestamp - interval {age} as loaded_at"
        )


def with_source(project: Project, age: str) -> None:
    """Give the project a source of some age, and a model on it and one apart."""
    load_source(project, age)
    project.write("models/sources.yml", SOURCES)
    project.model("on_source", "select * from {{ source('raw', 'orders') }}").model("apart")


def with_seed(project: Project) -> None:
    """Give the project a seed."""
    project.write("seeds/colours.csv", "id,colour\n1,red\n2,blue\n")


def test_one_command_each(project: Project) -> None:
    """The run types with the names of dbt's commands run these, and no more."""
    with_seed(project)
    project.model("orders", "select * from {{ ref('colours') }}")
    project.write("tests/no_rows.sql", "select * from {{ ref('orders') }} where id = 9")
    project.write(
        "snapshots/history.yml",
        """
snapshots:
  - name: history
    relation: ref('colours')
    config: {unique_key: id, strategy: check, check_cols: all}
""",
    )
    steps = {
        "seed": (["colours"], ["colours"]),
        "snapshot": (["history"], ["colours", "history"]),
        "run": (["orders"], ["colours", "history", "orders"]),
        "test": (["no_rows"], ["colours", "history", "orders"]),
    }
    for run_type, (nodes, tables) in steps.items():
        result = project.run(f"--run-type={run_type}")
        assert result.code == 0, result.stdout
        assert list(result.statuses()) == nodes
        assert project.tables() == [f"analytics.{name}" for name in tables]


def test_compile(project: Project) -> None:
    """`compile` leaves the SQL among the artifacts, and writes nothing into the database."""
    project.model("orders", "select {{ 6 * 7 }} as id")
    result = project.run("--run-type=compile")
    assert result.code == 0
    sql = result.artifacts / "commands/01-compile/compiled/shop/models/orders.sql"
    assert sql.read_text().strip() == "select 42 as id"
    assert project.tables() == []


def test_docs(project: Project) -> None:
    """`docs` leaves the documentation's three files, with what the database has."""
    project.model("orders")
    assert project.run("--run-type=full").code == 0
    result = project.run("--run-type=docs")
    assert result.code == 0
    folder = "commands/01-docs-generate"
    assert "model.shop.orders" in result.artifact(f"{folder}/catalog.json")["nodes"]
    assert "model.shop.orders" in result.artifact(f"{folder}/manifest.json")["nodes"]
    assert (result.artifacts / folder / "index.html").stat().st_size > 100_000


def test_freshness(project: Project) -> None:
    """A source that is fresh enough passes, a stale one and one that is not there are red."""
    with_source(project, "'1 hour'")
    result = project.run("--run-type=freshness")
    assert (result.code, result.nodes) == (0, {"pass": 1})

    load_source(project, "'3 days'")
    result = project.run("--run-type=freshness")
    assert (result.code, result.nodes) == (1, {"fail": 1})
    assert list(result.failed) == ["raw"]
    assert result.artifact("commands/01-source-freshness/sources.json")["results"]

    with duckdb.connect(str(project.file)) as database:
        database.execute("drop table raw.orders")
    result = project.run("--run-type=freshness")
    assert (result.code, result.nodes) == (1, {"error": 1})
    assert "orders does not exist" in result.failed["raw"]["message"]


def test_fresh(project: Project) -> None:
    """`fresh` builds all at first, then nothing, then what has newer sources."""
    with_source(project, "'1 hour'")
    result = project.run("--run-type=fresh")
    assert (result.code, result.nodes) == (0, {"pass": 1, "success": 2})
    result = project.run("--run-type=fresh")
    assert (result.code, result.nodes) == (0, {"pass": 1})
    load_source(project, "'1 minute'")
    result = project.run("--run-type=fresh")
    assert (result.code, result.nodes) == (0, {"pass": 1, "success": 1})
    assert "on_source" in result.statuses()


def test_fresh_is_not_misled_by_a_check(project: Project) -> None:
    """What `fresh` compares with is the last `fresh`; a `freshness` between them hides nothing."""
    with_source(project, "'1 hour'")
    assert project.run("--run-type=fresh").nodes == {"pass": 1, "success": 2}
    load_source(project, "'1 minute'")
    assert project.run("--run-type=freshness").code == 0
    result = project.run("--run-type=fresh")
    assert (result.code, result.nodes) == (0, {"pass": 1, "success": 1})
    assert "on_source" in result.statuses()


def test_fresh_makes_good_for_one_that_failed(project: Project) -> None:
    """What a `fresh` failed to build, the next one builds, though its sources are no newer."""
    with_source(project, "'1 hour'")
    assert project.run("--run-type=fresh").nodes == {"pass": 1, "success": 2}
    load_source(project, "'1 minute'")
    project.model("on_source", "select no_such_column from {{ source('raw', 'orders') }}")
    result = project.run("--run-type=fresh")
    assert (result.code, result.nodes) == (1, {"pass": 1, "error": 1})
    project.model("on_source", "select id from {{ source('raw', 'orders') }}")
    result = project.run("--run-type=fresh")
    assert (result.code, result.nodes) == (0, {"pass": 1, "success": 1})
    assert project.query("select id from analytics.on_source") == [(1,)]


def test_fresh_forgets_nothing_that_was_newer(project: Project) -> None:
    """What was newer when a `fresh` failed is built by the next, beside what is newer since."""
    _, _, table = SOURCES.partition("tables:\n")
    with_source(project, "'1 hour'")
    with duckdb.connect(str(project.artifacts / "local.duckdb")) as database:
        database.execute("create table raw.parts as from raw.orders")
    project.write("models/sources.yml", SOURCES + table.replace("orders", "parts"))
    project.model("on_parts", "select * from {{ source('raw', 'parts') }}")
    assert project.run("--run-type=fresh").nodes == {"pass": 2, "success": 3}
    load_source(project, "'30 minutes'")
    project.model("on_source", "select no_such_column from {{ source('raw', 'orders') }}")
    assert project.run("--run-type=fresh").nodes == {"pass": 2, "error": 1}
    project.model("on_source", "select id from {{ source('raw', 'orders') }}")
    with duckdb.connect(str(project.artifacts / "local.duckdb")) as database:
        database.execute("update raw.parts set loaded_at = now()::timestamp - interval '1 minute'")
    result = project.run("--run-type=fresh")
    assert (result.code, result.nodes) == (0, {"pass": 2, "success": 2})
    assert {"on_source", "on_parts"} <= set(result.statuses())
    assert project.run("--run-type=fresh").nodes == {"pass": 2}


def test_fresh_builds_all_until_one_was_green(project: Project) -> None:
    """A first `fresh` that failed is nothing to compare with, so the next one builds all."""
    with_source(project, "'1 hour'")
    project.model("apart", "select no_such_column")
    result = project.run("--run-type=fresh")
    assert (result.code, result.nodes) == (1, {"pass": 1, "success": 1, "error": 1})
    project.model("apart")
    result = project.run("--run-type=fresh")
    assert (result.code, result.nodes) == (0, {"pass": 1, "success": 2})


def test_fresh_that_is_gone_on_with(project: Project) -> None:
    """It builds what was newer by its own check, and hides nothing that is newer since."""
    key = "--resume-key=night"
    with_source(project, "'3 hours'")
    assert project.run("--run-type=fresh").nodes == {"pass": 1, "success": 2}
    load_source(project, "'2 hours'")
    project.model("on_source", "select id from {{ source('raw', 'orders') }}, raw.needed")
    project.model("after", "select id from {{ ref('on_source') }}")
    first = project.run("--run-type=fresh", key)
    assert first.nodes == {"pass": 1, "error": 1, "skipped": 1}
    load_source(project, "'1 hour'")
    with duckdb.connect(str(project.file)) as database:
        database.execute("create table raw.needed as select 1 as needed")
    # another one in between is no reason to leave anything out
    assert project.run("--run-type=fresh").nodes == {"pass": 1, "success": 2}
    result = project.run("--run-type=fresh", key)
    assert (result.code, result.nodes) == (0, {"pass": 1, "success": 2})
    assert result.summary["resumed_from"] == first.summary["attempt"]
    assert set(result.statuses()) == {"on_source", "after"}
    again = project.run("--run-type=fresh", key)
    assert again.statuses() == {}
    # one that was killed before its first command has lost nothing that was done before
    shutil.rmtree(again.artifacts / "journal")
    assert project.run("--run-type=fresh", key).statuses() == {}
    result = project.run("--run-type=fresh")
    assert result.nodes == {"pass": 1, "success": 2}
    assert project.run("--run-type=fresh").nodes == {"pass": 1}


def test_fresh_does_not_defer(project: Project) -> None:
    """`fresh` compares with its own past, so `defer` is refused before anything is made."""
    with_source(project, "'1 hour'")
    result = project.run("--run-type=fresh", "--defer")
    assert result.code == 2
    assert "defer: " in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""
    assert project.tables() == ["raw.orders"]


def test_fresh_tolerates_a_stale_source(project: Project) -> None:
    """`fresh` builds in spite of a stale source; the policy may have it end red then."""
    with_source(project, "'3 days'")
    result = project.run("--run-type=fresh")
    assert (result.code, result.nodes) == (0, {"warn": 1, "success": 2})
    project.write("runner.yml", "stale_sources: error\n")
    load_source(project, "'2 days'")
    result = project.run("--run-type=fresh")
    assert (result.code, result.nodes) == (1, {"fail": 1, "success": 1})
    assert list(result.failed) == ["raw"]


def test_fresh_stops_at_a_source_that_is_not_there(project: Project) -> None:
    """A check of sources that breaks is no stale source: nothing is built behind it."""
    with_source(project, "'1 hour'")
    project.write("models/sources.yml", SOURCES.replace("loaded_at\n", "no_such_column\n"))
    result = project.run("--run-type=fresh")
    assert result.code == 1
    assert result.nodes["error"] == 1
    assert "success" not in result.nodes
    assert project.tables() == ["raw.orders"]


def test_own_run_type(project: Project) -> None:
    """A run type of runner.yml runs its commands in order, macros with their arguments too."""
    with_seed(project)
    project.write("runner.yml", RUN_TYPES).write("macros/note.sql", NOTE)
    project.model("orders", "{{ config(tags=['nightly']) }} select * from {{ ref('colours') }}")
    project.model("other")
    result = project.run("--run-type=nightly")
    assert result.code == 0, result.stdout
    assert result.summary["commands"] == [
        "seed",
        'run-operation note --args {"text": "seeded"}',
        "run --select tag:nightly",
        "test",
    ]
    assert result.nodes == {"success": 3}
    assert project.query("select note from analytics.notes") == [("seeded",)]
    assert sorted(place.name for place in (result.artifacts / "commands").iterdir()) == [
        "01-seed",
        "02-run-operation",
        "03-run",
        "04-test",
    ]
    assert project.run("--run-type=tidy").code == 0
    assert len(project.query("select note from analytics.notes")) == 2


def test_own_run_type_stops_at_the_first_failure(project: Project) -> None:
    """Behind a command that failed nothing is begun, and those nodes are not started."""
    project.write("seeds/colours.csv", "id,colour\n1,red\n").write("runner.yml", RUN_TYPES)
    project.write(
        "macros/note.sql", "{% macro note(text) %}{{ run_query('selekt') }}{% endmacro %}"
    )
    project.model("orders", "{{ config(tags=['nightly']) }} select 1 as id")
    project.write("tests/no_rows.sql", "select * from {{ ref('orders') }} where id = 9")
    result = project.run("--run-type=nightly")
    assert result.code == 1
    assert result.nodes == {"success": 1, "error": 1, "not_started": 2}
    assert list(result.failed) == ["note"]
    assert "selekt" in result.failed["note"]["message"]
    assert project.tables() == ["analytics.colours"]
    assert result.is_complete()


def test_incremental_model(project: Project) -> None:
    """`incremental` adds to an incremental model, a full refresh builds it anew."""
    project.write(
        "models/log.sql",
        "{{ config(materialized='incremental') }} select "
        "{% if is_incremental() %} 2 {% else %} 1 {% endif %} as id",
    )
    ids = "select id from analytics.log order by 1"
    assert project.run().code == 0
    assert project.run("--run-type=incremental").code == 0
    assert project.query(ids) == [(1,), (2,)]
    assert project.run("--full-refresh").code == 0
    assert project.query(ids) == [(1,)]


@pytest.mark.parametrize(
    ("broken", "code", "status"),
    [(0, 0, "success"), (1, 1, "error"), (2, 1, "error"), (3, 1, "error")],
    ids=["none", "first", "middle", "last"],
)
def test_microbatch_model(project: Project, broken: int, code: int, status: str) -> None:
    """A microbatch model is one node that begins and ends once; one failing batch makes it red."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    days = [today - timedelta(days=back) for back in (2, 1, 0)]
    rows = ", ".join(f"({number}, timestamp '{day}')" for number, day in enumerate(days, 1))
    project.model(
        "events",
        f"{{{{ config(event_time='seen') }}}} select * from (values {rows}) as t(id, seen)",
    )
    project.write(
        "models/batched.sql",
        "{{ config(materialized='incremental', incremental_strategy='microbatch', "
        f"event_time='seen', batch_size='day', begin='{days[0].date()}') }}}}\n"
        f"select id, seen, case when id = {broken} then error('batch ' || id || ' broke') end as x "
        "from {{ ref('events') }}\n",
    )
    result = project.run("--run-type=incremental")
    assert result.code == code, result.stdout
    assert result.statuses() == {"events": "success", "batched": status}
    for event in ("node.started", "node.finished"):
        told = [line["unique_id"] for line in result.events(event)]
        assert sorted(told) == ["model.shop.batched", "model.shop.events"]
    assert result.summary["nodes"]["total"] == 2
    assert list(result.failed) == (["batched"] if broken else [])


def test_state_of_ones_own(project: Project) -> None:
    """`state` and `defer` take any folder with a manifest."""
    project.model("orders", "select 5 as id")
    project.model("sums", "select id from {{ ref('orders') }}")
    base = project.run("--run-type=full", "--target-schema=analytics")
    state = project.root / "state"
    shutil.copytree(base.artifacts / "commands/01-build", state)
    result = project.run("--select=sums", "--target-schema=dev", f"--state={state}", "--defer=true")
    assert (result.code, result.nodes) == (0, {"success": 1})
    assert project.query("select id from dev.sums") == [(5,)]
    assert json.loads((state / "manifest.json").read_text())
