"""What goes wrong between a run and the warehouse ends as promised, and nothing is doubled."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from warehouse.bench import Bench
    from warehouse.conftest import Shop

CREATE, INSERT = "create or replace table .*`{}`", "insert into .*`{}`"
APPEND = "{{ config(materialized='incremental', incremental_strategy='append') }}\nselect 1 as id\n"
SLEEP = "java_method('java.lang.Thread', 'sleep', {}L)"
"""Time that passes in the engine without any work."""


def with_log(shop: Shop, name: str) -> None:
    """A model that adds a row to a table, which has one already."""
    shop.bench.sql(f"create schema if not exists {shop.schema}")
    shop.bench.sql(f"create table {shop.schema}.{name} using delta as select 0 as id")
    shop.write(f"models/{name}.sql", APPEND)


def fault(do: str, statement: str, name: str, **more: Any) -> dict[str, Any]:
    """A fault at a model's statement."""
    return {"do": do, "sql": statement.format(name), **more}


def executed(bench: Bench, statement: str) -> int:
    """How often statements reached the engine."""
    return len([s for s in bench.statements(f"`{statement}`") if _writes(s["sql"])])


def _writes(sql: str) -> bool:
    return any(word in sql for word in ("create or replace table", "insert into"))


def test_delays(shop: Shop, bench: Bench) -> None:
    """What the warehouse refuses for a while, or answers late, is done once and goes well."""
    for name in ("throttled_table", "starting_table", "late_table"):
        shop.model(name)
    for name in ("throttled_log", "late_log"):
        with_log(shop, name)
    shop.model("long_table", f"select id, {SLEEP.format(2500)} as slept from range(1)")
    bench.fail(
        fault("refuse", CREATE, "throttled_table", status=429, retry_after=1),
        fault("refuse", CREATE, "starting_table", status=503, retry_after=1),
        fault("refuse", INSERT, "throttled_log", status=429, retry_after=1),
        fault("delay", CREATE, "late_table", seconds=3),
        fault("delay", INSERT, "late_log", seconds=3),
        {"do": "cut", "method": "GetOperationStatus"},
        {"do": "refuse", "method": "GetOperationStatus"},
        {"do": "cut", "method": "OpenSession"},
    )
    done = shop.run("--run-type=incremental", "--threads=4")
    assert done.code == 0, done.stdout
    assert done.summary["elapsed_s"] < 60
    assert [item for item in bench.told()["faults"] if not item["done"]] == []
    for name in ("throttled_table", "starting_table", "late_table", "long_table"):
        assert executed(bench, name) == 1
        assert len(shop.rows(name)) == 1
    for name in ("throttled_log", "late_log"):
        assert executed(bench, name) == 1
        assert Counter(row["id"] for row in shop.rows(name)) == {0: 1, 1: 1}


LOST = {
    "cut_table": ("cut", CREATE, {}),
    "cut_late_table": ("cut_after", CREATE, {}),
    "bare_table": ("refuse", CREATE, {}),
    "cut_log": ("cut", INSERT, {}),
    "cut_late_log": ("cut_after", INSERT, {}),
    "bare_late_log": ("refuse_after", INSERT, {}),
    # a promise that the warehouse breaks
    "asked_late_log": ("refuse_after", INSERT, {"retry_after": 1}),
    "a_silent_log": ("delay_after", INSERT, {"seconds": 9}),
}
"""Answers that never come, by model: whether the statement was executed, the run cannot know."""


def test_lost_answers(shop: Shop, bench: Bench) -> None:
    """A statement whose answer is lost is never sent again; its node fails in passing."""
    shop.settle(bench, shop.schema, connection_parameters={"_socket_timeout": 5})
    logs = [name for name in LOST if name.endswith("_log")]
    for name in LOST:
        if name in logs:
            with_log(shop, name)
        else:
            shop.model(name)
    shop.model("behind", "select * from {{ ref('cut_table') }}")
    bench.fail(*(fault(do, where, name, **more) for name, (do, where, more) in LOST.items()))
    done = shop.run("--run-type=incremental", "--threads=4")
    assert done.code == done.summary["exit_code"] == 5, done.stdout
    assert done.summary["elapsed_s"] < 60
    assert done.nodes == {"error": len(LOST), "skipped": 1}
    assert {done.failed[name]["sort"] for name in LOST} == {"transient"}
    assert all(done.failed[name]["hint"] for name in LOST)
    assert {name: executed(bench, name) for name in LOST} == {
        name: int(do not in ("cut", "refuse")) for name, (do, _, _) in LOST.items()
    }
    before = {name: len(shop.rows(name)) for name in logs}
    assert before == {name: 1 + executed(bench, name) for name in logs}

    bench.reset()
    again = shop.run("--run-type=incremental", "--threads=4")
    assert again.code == 0, again.stdout
    assert {name: len(shop.rows(name)) - 1 for name in logs} == before
    assert all(len(shop.rows(name)) == 1 for name in (*set(LOST) - set(logs), "behind"))


BAD_MODELS = {
    "missing_column": "select nothing from (select 1 as id)",
    "missing_table": "select * from main.default.no_such_table",
    "missing_function": "select no_such_function(1) as id",
    "division": "select 1 / (id - id) as id from range(3)",
    "cast": "select cast(concat('x', id) as int) as id from range(3)",
    "syntax": "selec 1 as id",
    "ambiguous": "select id from (select 1 as id) a join (select 1 as id) b",
    "subquery": "select (select id from range(3)) as id",
    "compilation": "{% if execute %}{{ exceptions.raise_compiler_error('no') }}{% endif %}",
    "contract": "{{ config(contract={'enforced': true}) }} select 'x' as id",
    "duplicates": "{{ config(materialized='incremental', unique_key='id') }}"
    "select 1 as id {% if is_incremental() %} union all select 1 {% endif %}",
}
"""Models with a fault of their own."""

SAID = {
    "denied": (
        "permission",
        (
            "[INSUFFICIENT_PERMISSIONS] Insufficient privileges: "
            "User does not have SELECT on Table 'main.sales.orders'. SQLSTATE: 42501"
        ),
    ),
    "conflict": (
        "busy",
        (
            "[DELTA_CONCURRENT_APPEND.WITHOUT_HINT] Transaction conflict detected. A "
            "concurrent WRITE "
            "added data. Please try the operation again. SQLSTATE: 2D521"
        ),
    ),
    "lost_node": (
        "transient",
        (
            "[INTERNAL_ERROR] Job aborted due to stage failure: executor lost: worker was "
            "preempted, "
            "spot instance reclaimed. SQLSTATE: XX000"
        ),
    ),
}
"""What the engine of the bench cannot be made to say itself, by model."""


def test_every_error_is_sorted(shop: Shop, bench: Bench) -> None:
    """Each failed node says whose fault it is and what to do; the exit code goes by the sorts."""
    for name, sql in BAD_MODELS.items():
        shop.model(name, sql)
    bench.sql(f"create schema {shop.schema}")
    bench.sql(f"create table {shop.schema}.duplicates using delta as select 1 as id")
    columns = "columns: [{name: id, data_type: int}]"
    shop.write("models/contract.yml", f"models: [{{name: contract, {columns}}}]")
    shop.model("fine").write("tests/wrong.sql", "select * from {{ ref('fine') }}")
    for name in SAID:
        shop.model(name)
    saying = [fault("error", CREATE, name, message=SAID[name][1], times=9) for name in SAID]
    bench.fail(*saying)
    done = shop.run("--run-type=incremental", "--threads=4")
    assert done.code == 1, done.stdout
    assert done.nodes == {"success": 1, "error": len(BAD_MODELS) + len(SAID), "fail": 1}
    sorts = {name: item.get("sort") for name, item in done.failed.items()}
    assert sorts == {
        **dict.fromkeys([*BAD_MODELS, "wrong"], "model"),
        **{name: sort for name, (sort, _) in SAID.items()},
    }
    assert all(item["hint"] for item in done.failed.values())
    grant = "GRANT SELECT ON TABLE `main`.`sales`.`orders`"
    assert grant in done.failed["denied"]["hint"]
    assert len(shop.rows("duplicates")) == 1

    codes = {"conflict": 6, "conflict lost_node": 5, "denied conflict": 1}
    for select, code in codes.items():
        bench.fail(*saying)
        assert shop.run(f"--select={select}", "--threads=4").code == code, select


@pytest.mark.parametrize("shared", [True, False], ids=["one-store", "two-stores"])
def test_runs_at_the_same_time(shop: Shop, shared: bool) -> None:
    """Two runs on one schema end in bounded time, each with the truth, and double nothing.

    With one store one of them works; with a store each they know nothing of each other.
    """
    merged = "{{ config(materialized='incremental', unique_key='id') }}"
    shop.write("models/merged.sql", f"{merged}\nselect id, now() as at from range(100)\n")
    shop.model("whole", "select id from range(100)")
    shop.model("behind", "select * from {{ ref('merged') }}")
    assert shop.run("--run-type=full", "--threads=2").code == 0
    stores = [shop.artifacts, shop.artifacts if shared else shop.root / "elsewhere"]
    words = ("--run-type=incremental", "--threads=2")
    runs = [shop.fork(*words, f"--artifacts={store}") for store in stores]
    ended = [running.finish() for running in runs]
    if shared:
        assert sorted(done.code for done in ended) == [0, 6]
        [refused] = [done.summary for done in ended if done.code]
        [owner] = [done.summary["attempt"] for done in ended if not done.code]
        assert f"main.{shop.schema} is held by another run: attempt {owner}" in refused["error"]
    for done in ended if not shared else ():
        assert done.summary["elapsed_s"] < 60
        failed = [item for item in done.failed.values() if item["status"] == "error"]
        sorts = {item["sort"] for item in failed}
        # a name that the other run is just about to replace is not there for a moment
        assert done.code == (0 if not sorts else 6 if sorts == {"busy"} else 1), done.stdout
        assert sorts <= {"busy", "model"}, failed
    assert shop.run("--run-type=incremental", "--threads=2").code == 0
    for name in ("merged", "whole", "behind"):
        assert Counter(row["id"] for row in shop.rows(name)) == Counter(range(100))
