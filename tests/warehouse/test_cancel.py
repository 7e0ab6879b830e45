"""A run that is ended while a statement is at work on the engine."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from warehouse.bench import Bench
    from warehouse.conftest import Shop

ENDLESS = (
    "select count(*) as n from range(1000000) a cross join range(1000000) b where a.id <> b.id"
)


def wait_until_running(bench: Bench) -> None:
    """Wait until the engine works on the endless statement."""
    deadline = time.monotonic() + 60
    while not [s for s in bench.statements("cross join") if s["state"] == "running"]:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def check_cancelled(bench: Bench) -> None:
    """The engine was told for the statement itself, and works on nothing any more."""
    for statement in bench.statements("cross join"):
        assert statement["state"] == "cancelled"
        assert statement["cancels"] >= 1
    deadline = time.monotonic() + 15
    while [s for s in bench.statements() if s["state"] == "running" or s["seconds"] is None]:
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signal_cancels_the_operation(
    shop: Shop, bench: Bench, number: signal.Signals, code: int
) -> None:
    """The warehouse gets a cancel for the statement, and every node a status."""
    shop.model("quick").model("endless", ENDLESS).model(
        "behind", "select * from {{ ref('endless') }}"
    )
    running = shop.fork("--run-type=full")
    running.wait_for("node.finished")
    wait_until_running(bench)
    began = time.monotonic()
    running.send(number)
    done = running.finish()
    assert time.monotonic() - began < 15
    assert (done.code, done.summary["status"]) == (code, "cancelled")
    assert done.nodes == {"success": 1, "cancelled": 1, "not_started": 1}
    assert done.is_complete()
    assert running.family() == []
    check_cancelled(bench)


def test_timeout_cancels_the_operation(shop: Shop, bench: Bench) -> None:
    """A run that takes longer than its `timeout` leaves no statement behind."""
    done = shop.model("endless", ENDLESS).run("--run-type=full", "--timeout=12")
    assert (done.code, done.summary["status"]) == (124, "timeout")
    check_cancelled(bench)
