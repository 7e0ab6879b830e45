"""What is made sure of before dbt sends a statement."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from runs import Finished
    from warehouse.bench import Bench
    from warehouse.conftest import Shop


def refused(done: Finished, code: int, *words: str) -> None:
    """The run ended with this code and one line that holds these words; dbt built nothing."""
    error = done.summary["error"]
    assert (done.code, done.summary["status"]) == (code, "error"), error
    assert "\n" not in error
    assert [word for word in words if word not in error] == []
    assert done.summary["nodes"] is None


def test_sleeping_warehouse_is_started_early_and_once(shop: Shop, bench: Bench) -> None:
    """The start is asked for while dbt is imported or the project parsed, and awaited."""
    bench.set(asleep=True, start_seconds=6)
    done = shop.model("one").run("--run-type=full", env=shop.machine())
    assert done.code == 0, done.stdout
    assert bench.told()["warehouse_starts"] == 1
    [asked] = [line["timestamp"] for line in done.events("warehouse.starting")][:1]
    [planned] = [line["timestamp"] for line in done.events("run.planned")]
    [started] = done.events("warehouse.started")
    assert asked < started["timestamp"] < planned
    assert started["seconds"] >= 5


def test_warehouse_that_does_not_start_is_given_up(shop: Shop, bench: Bench) -> None:
    """The run's own time limit counts while it waits for the warehouse."""
    bench.set(asleep=True, start_seconds=600)
    done = shop.model("one").run("--run-type=full", "--timeout=8")
    assert (done.code, done.summary["status"]) == (124, "timeout")
    assert bench.statements() == []


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"warehouse_id": "nosuch"}, ("warehouse: nosuch", "databricks warehouses list")),
        (
            {"warehouse_id": None, "warehouse": "Bench Warehous"},
            ("'Bench Warehous'", "did you mean 'Bench Warehouse'?"),
        ),
        ({"catalog": "nowhere"}, ("catalog: 'nowhere'", "GRANT USE CATALOG ON CATALOG `nowhere`")),
    ],
    ids=["warehouse-id", "warehouse-name", "catalog"],
)
def test_unknown_place(
    shop: Shop, bench: Bench, target: dict[str, Any], words: tuple[str, ...]
) -> None:
    """What does not exist is named with the way out, and no statement is sent."""
    shop.settle(bench, shop.schema, **target)
    refused(shop.model("one").run("--run-type=full"), 2, *words)
    assert bench.statements() == []


def test_warehouse_by_name(shop: Shop, bench: Bench) -> None:
    """The name of a warehouse is enough."""
    shop.settle(bench, shop.schema, warehouse_id=None, warehouse="Bench Warehouse")
    assert shop.model("one").run("--run-type=full").code == 0
    assert shop.rows("one") == [{"id": 1}]


def test_missing_grants(shop: Shop, bench: Bench) -> None:
    """Each is told with the statement or the command that gives it."""
    shop.model("one")
    bench.set(usable=False)
    refused(shop.run("--run-type=full"), 2, "may not be used", "CAN_USE", "update-permissions")
    bench.set(usable=True, privileges=[])
    message = "PERMISSION_DENIED: User does not have CREATE SCHEMA on Catalog 'main'."
    bench.fail({"do": "error", "sql": "create schema", "message": message, "times": 9})
    done = shop.run("--run-type=full")
    [doubt] = done.events("schema.not_creatable")
    assert doubt["fix"] == "GRANT CREATE SCHEMA ON CATALOG `main` TO `someone@example.com`"
    assert done.code == 2
    assert "GRANT CREATE SCHEMA ON CATALOG `main`" in done.summary["error"]


@pytest.mark.parametrize("answers", [False, True], ids=["closed", "silent"])
def test_dead_host(shop: Shop, *, answers: bool) -> None:
    """A host that refuses or says nothing ends the run in bounded time; it may be tried again."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"127.0.0.1:{server.getsockname()[1]}"
        if not answers:
            server.close()
        began = time.monotonic()
        env = shop.environment(DATABRICKS_HOST=f"https://{host}")
        done = shop.model("one").run("--run-type=full", env=env)
    assert time.monotonic() - began < 30
    refused(done, 5, f"host: {host}")
