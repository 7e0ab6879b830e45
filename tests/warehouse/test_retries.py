"""`node_retries`: what failed in passing is executed again, where that is safe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from warehouse.bench import Bench
    from warehouse.conftest import Shop

APPEND = """
{{ config(materialized='incremental', incremental_strategy='append') }}
select 1 as id
"""


def refuse(table: str, **changes: Any) -> dict[str, Any]:
    """A fault: the statement that makes a table is refused once, without being worked on."""
    sql = rf"create( or replace)? table [^;]*`{table}`"
    return {"do": "refuse", "sql": sql, "status": 503, **changes}


def test_retry_builds_what_failed_and_what_waited_for_it(shop: Shop, bench: Bench) -> None:
    """A table that was refused in passing is built in a second round, with what depends on it."""
    shop.model("other").model("first").model("second", "select * from {{ ref('first') }}")
    shop.write(
        "models/schema.yml",
        "models: [{name: first, columns: [{name: id, data_tests: [unique]}]}]",
    )
    bench.fail(refuse("first"))
    done = shop.run("--run-type=full", "--node-retries=2")
    assert (done.code, done.nodes) == (0, {"success": 3, "pass": 1})
    [notice] = done.events("nodes.retrying")
    assert (notice["nodes"], notice["retry"]) == (3, 1)
    assert shop.rows("second") == [{"id": 1}]
    assert (
        len(bench.statements("create or replace table `main`.`" + shop.schema + "`.`other`")) == 1
    )
    results = done.artifact("commands/01-build/run_results.json")["results"]
    assert {result["status"] for result in results} == {"success", "pass"}
    assert done.is_complete()


def test_retry_leaves_alone_what_adds_rows(shop: Shop, bench: Bench) -> None:
    """A model that appends is not executed again, and what is behind it stays skipped."""
    shop.write("models/log.sql", APPEND).model("behind", "select * from {{ ref('log') }}")
    shop.model("table_too")
    bench.fail(
        {"do": "refuse", "sql": r"insert into [^;]*`log`", "status": 503},
        refuse("table_too"),
    )
    assert shop.run("--run-type=run", "--select=log").code == 0
    done = shop.run("--run-type=run", "--node-retries=1")
    assert (done.code, done.summary["status"]) == (5, "error")
    assert {name: item["status"] for name, item in done.failed.items()} == {
        "log": "error",
        "behind": "skipped",
    }
    assert len(done.events("nodes.retrying")) == 1
    assert shop.rows("log") == [{"id": 1}]


def test_no_retry_of_a_models_own_fault(shop: Shop, bench: Bench) -> None:
    """What is the model's own fault is not tried again."""
    done = shop.model("wrong", "select nothing as id").run("--run-type=full", "--node-retries=3")
    assert (done.code, done.failed["wrong"]["sort"]) == (1, "model")
    assert done.events("nodes.retrying") == []
