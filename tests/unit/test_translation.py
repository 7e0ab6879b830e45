"""dbt's events in words of our own."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from dbt_runner.engine.events import FirstStatement, NodeStarted
from dbt_runner.engine.translation import Callback

if TYPE_CHECKING:
    from dbt_runner.engine.events import Event


def message(name: str, unique_id: str, level: str = "debug") -> Any:
    """An event of dbt about a node."""
    data = SimpleNamespace(node_info=SimpleNamespace(unique_id=unique_id))
    return SimpleNamespace(info=SimpleNamespace(name=name, level=level, msg=""), data=data)


class Together:
    """Data of an event that two threads come to at the same time."""

    def __init__(self) -> None:
        self._barrier = threading.Barrier(2)

    @property
    def node_info(self) -> Any:
        """The node; given out when both threads ask, or one has waited long enough."""
        # broken if the other one is kept waiting, which is as good
        with contextlib.suppress(threading.BrokenBarrierError):
            self._barrier.wait(0.5)
        return SimpleNamespace(unique_id="model.p.a")


def test_listener_that_fails_does_not_reach_dbt() -> None:
    """What a listener raises is kept, the first of it, and dbt goes on telling."""
    told: list[Event] = []

    def listener(event: Event) -> None:
        told.append(event)
        msg = f"no {len(told)}"
        raise ValueError(msg)

    callback = Callback(listener)
    assert callback.fault is None
    callback(message("NodeStart", "model.p.a"))
    callback(message("NodeStart", "model.p.b"))
    assert told == [NodeStarted("model.p.a"), NodeStarted("model.p.b")]
    assert isinstance(callback.fault, ValueError)
    assert str(callback.fault) == "no 1"


def test_event_that_is_not_understood_does_not_reach_dbt() -> None:
    """An event of another form than expected is a fault of ours, and none in dbt's thread."""
    callback = Callback(lambda _: None)
    callback(SimpleNamespace(info=SimpleNamespace(name="NodeStart", level="info"), data=None))
    assert isinstance(callback.fault, AttributeError)


def test_first_statement_is_told_once() -> None:
    """Of all statements only the first of a node is passed on; a hook's is none."""
    told: list[Event] = []
    callback = Callback(told.append)
    for unique_id in ("", "operation.p.hook", "model.p.a", "model.p.a", "model.p.b"):
        callback(message("SQLQuery", unique_id))
    assert told == [FirstStatement("model.p.a")]
    assert callback.fault is None


def test_first_statement_of_two_threads_is_told_once() -> None:
    """Two threads that both come with a first statement make one of it, and no fault."""
    told: list[Event] = []
    callback = Callback(told.append)
    both = message("SQLQuery", "")
    both.data = Together()
    with ThreadPoolExecutor(2) as pool:
        for ended in [pool.submit(callback, both) for _ in range(2)]:
            ended.result()
    assert told == [FirstStatement("model.p.a")]
    assert callback.fault is None
