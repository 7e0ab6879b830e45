"""A later attempt goes on in the warehouse where the one before it ended."""

from __future__ import annotations

import os
import random
import signal
import time
from typing import TYPE_CHECKING

import soak

if TYPE_CHECKING:
    import pytest

    from runs import Finished
    from warehouse.bench import Bench
    from warehouse.conftest import Shop

JOB = ("--job-run-id=7", "--task-key=build", "--run-type=full")
KILLS = int(os.environ.get("KILLS", "2"))
NUMBERS = "select id % 100 as id, id % 7 as x from range(1000)"


def begun(result: Finished) -> set[str]:
    """Names of the nodes that a run began."""
    return {line["unique_id"].split(".")[2] for line in result.events("node.started")}


def writes(bench: Bench, shop: Shop, table: str) -> int:
    """How often a table was made."""
    return len(bench.statements(f"create or replace table `main`.`{shop.schema}`.`{table}`"))


def until_durable(shop: Shop, unique_id: str) -> None:
    """Wait until a node's end stands in the store."""
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        if any(unique_id in file.read_text() for file in shop.artifacts.rglob("journal/*.json")):
            return
        time.sleep(0.02)
    msg = "not durable within 2 s"
    raise AssertionError(msg)


def test_repair(shop: Shop, bench: Bench) -> None:
    """The second attempt of a task executes what failed and what waited for it, and no more."""
    shop.model("first").model("second", "select * from {{ ref('first') }}")
    shop.model("third", "select * from {{ ref('second') }}")
    bench.fail({"do": "refuse", "sql": r"create( or replace)? table [^;]*`second`", "status": 503})
    first = shop.run(*JOB, "--execution-count=1")
    assert first.nodes == {"success": 1, "error": 1, "skipped": 1}
    second = shop.run(*JOB, "--execution-count=2")
    assert second.code == 0
    assert begun(second) == {"second", "third"}
    assert second.nodes == {"success": 3}
    assert writes(bench, shop, "first") == writes(bench, shop, "third") == 1
    assert shop.rows("third") == [{"id": 1}]


def test_lost_machine(shop: Shop, bench: Bench) -> None:
    """After a kill nothing is left to say so, and what was durable is not done again."""
    shop.model("first").model("second", "select * from {{ ref('first') }}")
    bench.fail({"do": "delay", "sql": r"create( or replace)? table [^;]*`second`", "seconds": 5})
    running = shop.fork(*JOB)
    running.wait_for('"node.started", "unique_id": "model.shop.second"')
    until_durable(shop, "model.shop.first")
    running.send(signal.SIGKILL)
    assert running.finish().code == -signal.SIGKILL
    bench.fail()
    second = shop.run(*JOB)
    assert second.code == 0, second.stdout
    assert begun(second) == {"second"}
    assert writes(bench, shop, "first") == 1


def test_soak(shop: Shop, bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """A few kills at random moments: tables as undisturbed, nothing twice, nothing lost."""
    soak.write(shop, NUMBERS)
    made = soak.Soak(
        shop,
        lambda table: bench.sql(f"select * from {shop.schema}.{table}"),
        random.Random(6),  # noqa: S311 - chaos, not secrets
    )
    made.run(KILLS)
    with capsys.disabled():
        print("", *made.figures(), sep="\n")  # noqa: T201
    assert made.faults() == []
